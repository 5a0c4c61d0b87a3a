"""Files on this disk: whole or not there, and whether two paths are one."""
