"""Figures of a study as Vega-Lite has them. Pure: figures in, specifications out."""
