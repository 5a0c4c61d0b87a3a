"""The tour: all twelve tasks, by their starter checkpoints, on the files in this folder.

Each command is printed before it runs, so that it can be copied into a shell.
"""

import shlex
import subprocess
import sys
from pathlib import Path

TASKCLI = [sys.executable, "-m", "taskcli"]
COMMANDS = (
    "models list",
    "classify-audio examples/sounds/yes.wav examples/sounds/go-stereo.wav --model starter "
    "--top-k 1 --format rich",
    "asr examples/sounds/sentence.wav examples/sounds/question.flac --model starter "
    "--timestamps word --format rich",
    "classify-image 'examples/scenes/*' --model starter --top-k 3 --format rich",
    "classify-image 'examples/scenes/*.png' --model starter-convnext --top-k 1",
    "detect examples/scenes/orange-ball.jpg --model starter --format rich",
    "segment examples/scenes/red-cube.png --model starter --format rich",
    "depth 'examples/scenes/*.png' --model starter --format rich",
    "summarize examples/texts/report.txt --model starter --format rich",
    "ner examples/texts/article.txt --model starter --format rich",
    "classify-text examples/texts/review.txt examples/texts/complaint.txt --model starter "
    "--top-k 1 --format rich",
    "qa examples/texts/article.txt -q 'Who opened the library?' -q 'When was the contract signed?' "
    "--model starter --format rich",
    "generate examples/texts/story.txt --model starter --format rich",
    "translate examples/texts/letter.txt --model starter --from en --to fr --format rich",
    "asr examples/sounds/scene.wav --model starter | "
    "taskcli translate - --model starter --to fr --format rich",
    "explain classify-image examples/scenes/blue-ball.jpg --model starter --format rich",
)


def main() -> int:
    """Run the tour from the top of the checkout; the number of commands that failed."""
    failed = 0
    for command in COMMANDS:
        print(f"\n\033[1;36m$ taskcli {command}\033[0m", flush=True)
        failed += not _succeeds(command)
    return failed


def _succeeds(command: str) -> bool:
    """Run one command, or several of which each reads what the one before wrote."""
    top = Path(__file__).resolve().parent.parent
    *earlier, last = command.split(" | taskcli ")
    given = None
    for one in earlier:
        call = [*TASKCLI, *shlex.split(one)]
        given = subprocess.run(call, cwd=top, input=given, stdout=subprocess.PIPE).stdout
    return not subprocess.run([*TASKCLI, *shlex.split(last)], cwd=top, input=given).returncode


if __name__ == "__main__":
    sys.exit(main())
