"""What a container of sound holds, by PyAV: its tracks, its clock, its packets and frames."""
