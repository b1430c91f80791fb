"""The private half of `ndpipe.Pipe`: messages, the stream that carries them, and their format."""
