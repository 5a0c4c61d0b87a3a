"""The worker: a process that keeps libraries and models loaded, and answers other calls."""
