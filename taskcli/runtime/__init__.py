"""The only home of torch, transformers, accelerate, numpy, Pillow and soundfile."""
