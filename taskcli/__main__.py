"""python -m taskcli."""

from taskcli.cli.main import start

if __name__ == "__main__":
    start()
