"""The use case of one question, from what was wished for to the answer, without screen or conversation."""
