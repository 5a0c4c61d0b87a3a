"""Ask transformers 4.35.2 what its qa, summarize and translate pipelines answer, for the tests.

    cd tests && python -m goldens.make [qa] [summarize] [translate]

Version 5 has dropped these pipelines. An environment with version 4.35.2 is made under build/, the
tiny checkpoints of tests/checkpoints.py are written there in a layout that both versions read, and
the answers go to tests/goldens/<task>.json. Takes a few minutes, and the package index.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path

from goldens.cases import TASKS, TEXTS, cases, in_old_layout

HERE = Path(__file__).parent
BUILD = HERE.parent.parent / "build" / "goldens"
PACKAGES = ("transformers==4.35.2", "torch==2.13.0", "numpy<2", "sentencepiece", "protobuf")


def environment() -> Path:
    """The interpreter of an environment with version 4.35.2, made unless it is there."""
    python = BUILD / "environment" / "bin" / "python"
    made = BUILD / "environment" / ".made"
    if not made.exists():
        venv.create(BUILD / "environment", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        made.touch()
    return python


def main() -> None:
    python = environment()
    for task in sys.argv[1:] or TASKS:
        asked = cases(task)
        given = [
            case
            | {
                "task": task,
                "text": TEXTS[case["text"]],
                "checkpoint": str(in_old_layout(case["checkpoint"], BUILD / "checkpoints")),
            }
            for case in asked
        ]
        files = [BUILD / f"{task}-{kind}.json" for kind in ("cases", "answers")]
        files[0].write_text(json.dumps(given))
        subprocess.run([python, HERE / "version4.py", *files], check=True)
        answers = json.loads(files[1].read_text())
        lines = [
            json.dumps(case | {key: found[key] for key in ("answer", "spans") if key in found})
            for case, found in zip(asked, answers, strict=True)
        ]
        (HERE / f"{task}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
        print(f"{task}: {len(lines)} cases")


if __name__ == "__main__":
    main()
