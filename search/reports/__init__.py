"""What people and programs are shown: tables, JSON and CSV."""
