"""The cell over a whole sequence, fast, with its backward pass written out by hand.

Three things make it fast, and none of them changes the equations of `gen.model.cell`:

1. `[h, x] · W` is `h · W_h + x · W_x`, and x is known before the loop: `x · W_x` is done for all time steps
   beforehand, and only `h · W_h` stays inside.
2. The backward loop holds one product as well, that of dz with W_h. The gradients of W, b and x follow from
   the recorded dz, and are done after the loop, that of W as one product over all time steps.
3. Slabs are feature-major, `(H, N)`, as in the sampler. A product's left factor is then the large matrix,
   read where it lies, and its right one the few streams; with streams for rows it is the large matrix that
   gets rearranged, anew at every step. And gates are blocks of rows, which are split without a copy.

With σ' = σ(1 - σ) and tanh' = 1 - tanh², and `dh`, `dC` the gradients that reach step t from the output
and from step t + 1 (back-propagation through time: Werbos, Proceedings of the IEEE 78(10), 1990):

    do = dh * tanh(C_t)         dz_o = do * o(1 - o)
    dC = dC + dh * o * (1 - tanh²(C_t))
    df = dC * C_{t-1}           dz_f = df * f(1 - f)
    di = dC * C̃_t               dz_i = di * i(1 - i)
    dC̃ = dC * i                 dz_C = dC̃ * (1 - C̃²)
    dh_{t-1} = W_h · dz         dC_{t-1} = dC * f

Shapes:
    T time steps, N streams, D input size, H hidden size; sequences are (T, …, N), because the loop reads and
    writes one slab a step, and streams come last in it.
"""

from typing import Any, Final, NamedTuple

from gen.model.backend import import_tensorflow
from gen.model.cell import GATE_ORDER, Functions, split_gates
from gen.model.products import Products, Tensor

tf = import_tensorflow()

TENSORFLOW: Final = Functions(tf.sigmoid, tf.tanh, tf.concat, tf.split)
"""TensorFlow's functions, for `gen.model.cell`."""


def lstm_sequence(
    x: Tensor,
    h_0: Tensor,
    C_0: Tensor,
    W: Tensor,
    b: Tensor,
    mask: Tensor | None = None,
    products: Products | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the cell over a sequence, from a given state, differentiable in x, h_0, C_0, W and b.

    Args:
        x: The input sequence.
        h_0: Hidden state before the first step; its dtype is that of the state, the gates and the sums.
        C_0: Memory cell before the first step.
        W: The four matrices fused by `gen.model.cell.fuse`, the rows for h first.
        b: The four biases, fused alike.
        mask: Where False, the step is skipped: the state is held, and the output repeats the held h.
        products: How to multiply, into the dtype of h_0; None multiplies in that. It never reaches the dtype
            of a gradient, which is that of the input it belongs to.

    Shapes:
        x (T, D, N), h_0 and C_0 (H, N), W (H+D, 4H), b (4H,), mask (T, N) of bool.

    Returns:
        Every hidden state h (T, H, N), and the last state: h_T and C_T, both (H, N).

    Raises:
        ValueError: The shapes do not fit together.
    """
    inputs = [tf.convert_to_tensor(tensor) for tensor in (x, h_0, C_0, W, b)]
    _check_shapes(*inputs)
    kernel = _Kernel(products or Products.of(inputs[1].dtype), mask)

    @tf.custom_gradient
    def sequence(*inputs: Tensor) -> Any:
        # the gradients are below: without this a tape would record how to derive them as well
        outputs, record = kernel.forward(*map(tf.stop_gradient, inputs))

        def gradients(*upstream: Tensor) -> tuple[Tensor, ...]:
            wanted = kernel.backward(record, outputs[0], inputs, *upstream)
            return tuple(
                tf.cast(gradient, tensor.dtype) for gradient, tensor in zip(wanted, inputs, strict=True)
            )

        return outputs, gradients

    h, h_T, C_T = sequence(*inputs)
    return h, h_T, C_T


class _Record(NamedTuple):
    """What the forward loop leaves for the backward loop: TensorArrays of T slabs (H, N).

    They are written and read by reference, and never stacked.
    """

    C_previous: Any
    f: Any
    i: Any
    C_candidate: Any
    o: Any
    tanh_C: Any


class _Kernel:
    """The two loops, for given products and mask."""

    def __init__(self, products: Products, mask: Tensor | None) -> None:
        self.products = products
        self.mask = mask

    def forward(
        self, x: Tensor, h_0: Tensor, C_0: Tensor, W: Tensor, b: Tensor
    ) -> tuple[tuple[Tensor, Tensor, Tensor], _Record]:
        factor, multiply, dtype = self.products.factor, self.products.multiply, self.products.state_dtype
        T, H = tf.shape(x)[0], h_0.shape[0]
        # transposed once: a product that finds its left factor transposed is slower at every step
        W_h, W_x = tf.split(tf.transpose(factor(W)), [H, W.shape[0] - H], -1)
        W_x_x = _unstack(multiply(W_x, factor(x)) + tf.cast(b, dtype)[:, tf.newaxis])
        keep = self._keep()

        def step(t: Tensor, h: Tensor, C: Tensor, hs: Any, record: _Record) -> tuple[Any, ...]:
            z = split_gates(W_x_x.read(t) + multiply(W_h, factor(h)), TENSORFLOW, axis=0)
            f, i, C_candidate, o = tf.sigmoid(z.f), tf.sigmoid(z.i), tf.tanh(z.C), tf.sigmoid(z.o)
            C_next = f * C + i * C_candidate
            tanh_C = tf.tanh(C_next)
            h_next = o * tanh_C
            slabs = _Record(C, f, i, C_candidate, o, tanh_C)
            if keep is not None:
                h_next = tf.where(keep.read(t), h_next, h)
                C_next = tf.where(keep.read(t), C_next, C)
            return t + 1, h_next, C_next, hs.write(t, h_next), _write(record, t, slabs)

        hs = _array(dtype, T, h_0.shape)
        record = _Record(*(_array(dtype, T, h_0.shape) for _ in _Record._fields))
        _, h_T, C_T, hs, record = tf.while_loop(
            lambda t, *_: t < T,
            step,
            (0, h_0, tf.cast(C_0, dtype), hs, record),
            # Steps depend on each other: room for several at once only costs bookkeeping.
            parallel_iterations=1,
        )
        return (hs.stack(), h_T, C_T), record

    def backward(
        self, record: _Record, h: Tensor, inputs: tuple[Tensor, ...], dh: Tensor, dh_T: Tensor, dC_T: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        factor, multiply, dtype = self.products.factor, self.products.multiply, self.products.state_dtype
        x, h_0, _, W, _ = inputs
        T, H = tf.shape(x)[0], h_0.shape[0]
        W_h, W_x = tf.split(factor(W), [H, W.shape[0] - H])
        dh_outputs = _unstack(dh)
        keep = self._keep()

        def step(t: Tensor, dh: Tensor, dC: Tensor, dzs: Any) -> tuple[Tensor, Tensor, Tensor, Any]:
            C_previous, f, i, C_candidate, o, tanh_C = (array.read(t) for array in record)
            dh += dh_outputs.read(t)
            dh_held = dC_held = None
            if keep is not None:
                dh, dh_held = _part(keep.read(t), dh)
                dC, dC_held = _part(keep.read(t), dC)
            dC += _tanh_gradient(tanh_C, dh * o)
            dz_gates = {
                "f": _sigmoid_gradient(f, dC * C_previous),
                "i": _sigmoid_gradient(i, dC * C_candidate),
                "C": _tanh_gradient(C_candidate, dC * i),
                "o": _sigmoid_gradient(o, dh * tanh_C),
            }
            dz = tf.concat([dz_gates[gate] for gate in GATE_ORDER], 0)
            dh_previous = multiply(W_h, factor(dz))
            dC_previous = dC * f
            if keep is not None:
                dh_previous += dh_held
                dC_previous += dC_held
            return t - 1, dh_previous, dC_previous, dzs.write(t, dz)

        dzs = _array(dtype, T, [4 * H, h_0.shape[1]])
        _, dh_0, dC_0, dzs = tf.while_loop(
            lambda t, *_: t >= 0, step, (T - 1, dh_T, dC_T, dzs), parallel_iterations=1
        )
        dz = dzs.stack()
        dz_factor = factor(dz)
        dx = multiply(W_x, dz_factor)
        h_previous = tf.concat([h_0[tf.newaxis], h[:-1]], 0)
        h_x = tf.concat([_columns(factor(h_previous)), _columns(factor(x))], 0)
        dW = multiply(h_x, _columns(dz_factor), transpose_right=True)
        return dx, dh_0, dC_0, dW, tf.reduce_sum(dz, [0, 2])

    def _keep(self) -> Any:
        return None if self.mask is None else _unstack(tf.cast(self.mask, tf.bool)[:, tf.newaxis])


def _array(dtype: Any, T: Tensor, slab_shape: Any) -> Any:
    # Slabs stay readable after the first reading: a persistent tape may walk back twice.
    return tf.TensorArray(dtype, T, element_shape=slab_shape, clear_after_read=False)


def _unstack(sequence: Tensor) -> Any:
    array = tf.TensorArray(sequence.dtype, tf.shape(sequence)[0], clear_after_read=False)
    return array.unstack(sequence)


def _write(record: _Record, t: Tensor, slabs: _Record) -> _Record:
    return _Record(*(array.write(t, slab) for array, slab in zip(record, slabs, strict=True)))


def _part(keep: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient where the step was taken, and where it was skipped (zero elsewhere)."""
    zero = tf.zeros_like(gradient)
    return tf.where(keep, gradient, zero), tf.where(keep, zero, gradient)


def _sigmoid_gradient(sigmoid: Tensor, upstream: Tensor) -> Tensor:
    return tf.raw_ops.SigmoidGrad(y=sigmoid, dy=upstream)


def _tanh_gradient(tanh: Tensor, upstream: Tensor) -> Tensor:
    return tf.raw_ops.TanhGrad(y=tanh, dy=upstream)


def _columns(sequence: Tensor) -> Tensor:
    """(T, K, N) as (K, T·N): a column for each step of each stream."""
    return tf.reshape(tf.transpose(sequence, [1, 0, 2]), [sequence.shape[1], -1])


def _check_shapes(x: Tensor, h_0: Tensor, C_0: Tensor, W: Tensor, b: Tensor) -> None:
    fits = (x.shape.rank, h_0.shape.rank, W.shape.rank, b.shape.rank) == (3, 2, 2, 1)
    if fits:
        D, H = x.shape[1], h_0.shape[0]
        fits = (
            None not in (D, H)
            and h_0.shape.is_compatible_with(C_0.shape)
            and x.shape[2:].is_compatible_with(h_0.shape[1:])
            and W.shape.as_list() == [H + D, 4 * H]
            and b.shape.as_list() == [4 * H]
        )
    if not fits:
        raise ValueError(
            "expected x (T, D, N), h_0 and C_0 (H, N), W (H+D, 4H), b (4H,); "
            f"received x {x.shape}, h_0 {h_0.shape}, C_0 {C_0.shape}, W {W.shape}, b {b.shape}"
        )
