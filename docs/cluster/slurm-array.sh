#!/bin/bash
#SBATCH --job-name=multirestart
#SBATCH --array=1-8
#SBATCH --cpus-per-task=16
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
# One launcher for each task of the array, all of one study:
#   sbatch --export=ALL,STORAGE=postgresql+psycopg://me@db.example.org/studies slurm-array.sh
# A task that is stopped or lost costs nothing but what it was training: submit it again.
# The options of the study are the same in each task; here they are those of a plan file.
exec multirestart launch "${PLAN:-plan.toml}" --storage "$STORAGE" \
    --workers "${SLURM_CPUS_PER_TASK:-1}" --quiet
