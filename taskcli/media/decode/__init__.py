"""From bytes to items: the only home of Pillow and soundfile; nothing here needs torch."""
