"""taskcli asr: the task, and the ways in which speech models write."""
