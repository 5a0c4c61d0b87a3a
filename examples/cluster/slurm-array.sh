#!/usr/bin/env bash
# The same without Ray: every task of an array answers its share, and nothing talks to anything.
#   sbatch examples/cluster/slurm-array.sh detect /shared/photos
#   taskcli merge part-*.jsonl -o detections.jsonl
# A task that was stopped goes on when it is submitted again: sbatch --array=3,7 ...
#SBATCH --job-name=taskcli
#SBATCH --array=1-16
#SBATCH --cpus-per-task=4
#SBATCH --gpus-per-task=1
#SBATCH --ntasks=1
#SBATCH --requeue
#SBATCH --time=12:00:00
set -euo pipefail

part="$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX"
exec srun taskcli "$@" --shard "$part" -o "part-$SLURM_ARRAY_TASK_ID.jsonl" --resume
