"""The yardstick: questions with gold ids in; recall, ranking and latency of each setting out."""
