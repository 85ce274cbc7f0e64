"""Dead letters: the record, the stores that keep it, the queue, and the replay."""
