#!/usr/bin/env bash
# One run on several machines of a Slurm cluster, which share a folder:
#   sbatch examples/cluster/slurm-ray.sh detect /shared/photos -o /shared/detections.jsonl
#SBATCH --job-name=taskcli
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=4
#SBATCH --time=12:00:00
#SBATCH --signal=B:TERM@60
set -euo pipefail

port=${RAY_PORT:-6379}
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export RAY_ADDRESS=$head:$port RAY_USAGE_STATS_ENABLED=0
# Whoever else is on these machines cannot talk to this Ray without the token.
RAY_AUTH_TOKEN=$(python3 -c 'import secrets; print(secrets.token_hex(32))')
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN

srun --nodes=1 --ntasks=1 --nodelist="$head" \
    ray start --head --port="$port" --num-cpus="$SLURM_CPUS_PER_TASK" --include-dashboard=false --block &
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    others=$((SLURM_JOB_NUM_NODES - 1))
    srun --nodes="$others" --ntasks="$others" --exclude="$head" \
        ray start --address="$RAY_ADDRESS" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
fi
ray=$(jobs -p)
until ray status >/dev/null 2>&1; do
    kill -0 $ray || exit 4 # what could not start has said why
    sleep 1
done

# A stopped job ends with whole records; the same command with --resume goes on.
taskcli "$@" --engine ray --address "$RAY_ADDRESS" &
run=$!
trap 'kill -TERM "$run"' TERM INT
code=0
wait "$run" || code=$?
if kill -0 "$run" 2>/dev/null; then # the signal ended the waiting, and not yet the run
    code=0
    wait "$run" || code=$?
fi
kill -TERM $ray 2>/dev/null || true
wait $ray 2>/dev/null || true
exit "$code"
