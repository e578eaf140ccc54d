"""Matrix products of rounded factors: what `--precision` changes, and all that it changes.

The state, the gates and the sums across products stay in the state's dtype. Factors may be rounded to a
narrower one, and are multiplied in that or, where a processor only emulates its products, in a wider one:
that loses nothing.
"""

from typing import Any, NamedTuple, Self

from gen.model.backend import import_tensorflow

tf = import_tensorflow()

Tensor = Any


class Products(NamedTuple):
    """How to multiply.

    Attributes:
        state_dtype: Of what comes out.
        factor_dtype: What factors are rounded to.
        product_dtype: What they are multiplied in; each product is rounded to it once, and cast up.
    """

    state_dtype: Any
    factor_dtype: Any
    product_dtype: Any

    @classmethod
    def of(cls, state_dtype: Any, factor_dtype: Any = None, product_dtype: Any = None) -> Self:
        """From dtypes or their names; one that is not given is the one before it."""
        state, factor = tf.as_dtype(state_dtype), tf.as_dtype(factor_dtype or state_dtype)
        return cls(state, factor, tf.as_dtype(product_dtype or factor))

    def factor(self, tensor: Tensor) -> Tensor:
        """A tensor, rounded and ready to be multiplied."""
        return tf.cast(tf.cast(tensor, self.factor_dtype), self.product_dtype)

    def multiply(self, left: Tensor, right: Tensor, transpose_right: bool = False) -> Tensor:
        """The product of two factors, or of one with each of a sequence of others."""
        return tf.cast(tf.matmul(left, right, transpose_b=transpose_right), self.state_dtype)
