"""The bytes of a model's weights, tensor by tensor, in every quant."""
