"""What exceptions of PyTorch and NumPy mostly mean in any exercise; only their texts are read, nothing is imported.

A message shows the shapes of the tensors on the line beside the sentence, so the sentence says which shapes would fit.
"""

from __future__ import annotations

from llmlab.exercises.engine.crashes import Crash

TENSOR_CRASHES = (
    # Shapes that do not fit
    Crash(
        "shapes-in-product",
        "Exception",
        r"shapes cannot be multiplied|Expected size for first two dimensions of batch2|"
        r"inconsistent tensor size, expected tensor|size mismatch, got input|mismatch in its core dimension|"
        r"shapes .* not aligned",
        "In `A @ B` the last axis of `A` must be as long as the last but one of `B` (its only one, if `B` is a "
        "vector). Look for a transpose that is missing, `.transpose(-2, -1)`, or one too many, for `A` and `B` in the "
        "wrong order, or for `@` in place of `*`, which multiplies number by number.",
    ),
    Crash(
        "shapes-in-einsum",
        "Exception",
        r"^einsum\(\)|einstein sum",
        "In `einsum` a letter stands for one length, and every axis of an operand has its letter: compare them with "
        "the shapes.",
    ),
    Crash(
        "shapes-do-not-broadcast",
        "Exception",
        r"The size of tensor a \(\d+\) must match the size of tensor b|could not be broadcast together|"
        r"objects cannot be broadcast|not broadcastable",
        "Two shapes meet in one calculation and do not fit: from the last axis to the first, the lengths must be "
        "equal, or one of them 1. Look for a missing transpose, `unsqueeze` or `keepdim=True`.",
    ),
    Crash(
        "logits-and-targets",
        "Exception",
        r"Expected input batch_size \(\d+\) to match target batch_size|Expected target size|"
        r"multi-target not supported|Expected floating point type for target with class probabilities",
        "`cross_entropy` wants logits `(N, V)` and one id for each row, targets `(N,)`; with more axes it takes the "
        "second for `V`. Look for a missing `.flatten(0, 1)` of the logits and `.flatten()` of the targets, or for "
        "one of the two cut and the other not.",
    ),
    Crash(
        "target-not-a-class",
        "IndexError",
        r"^Target -?\d+ is out of bounds",
        "A target is the number of a class, from 0 to `V - 1`, where `V` is the length of the axis that "
        "`cross_entropy` takes for the classes. Look whether that axis is the one you mean, and whether the targets "
        "are ids.",
    ),
    Crash(
        "elements-do-not-fill",
        "Exception",
        r"shape '.*' is invalid for input of size|cannot reshape (array|tensor)",
        "`view` and `reshape` keep every number: the product of the new lengths must be how many there are. One "
        "length may be -1 and is then computed.",
    ),
    Crash(
        "view-of-transposed",
        "RuntimeError",
        r"view size is not compatible",
        "The numbers do not lie in memory in the order of the axes, mostly after a transpose, and `view` never "
        "copies: `.contiguous()` first, or `reshape`.",
    ),
    Crash(
        "rows-of-different-length",
        "Exception",
        r"stack expects each tensor to be equal size|Sizes of tensors must match except|"
        r"expected sequence of length \d+ at dim|all input arrays must have the same shape|inhomogeneous shape|"
        r"all the input array dimensions except",
        "A tensor has no ragged edge: what is put together must have equal lengths on every other axis. Look for a "
        "row that is shorter than the others, often the last one.",
    ),
    Crash(
        "does-not-fill-the-place",
        "Exception",
        r"The expanded size of the tensor|value tensor of shape|could not broadcast input array|value array of shape",
        "What is put in, or expanded, does not have the shape of its place: from the last axis to the first, the "
        "lengths must be equal, or that of what is put in 1.",
    ),
    Crash(
        "mask-of-another-shape",
        "IndexError",
        r"shape of the mask|boolean index did not match",
        "A mask of True and False chooses among elements, and has the same shape as what it chooses from.",
    ),
    Crash(
        "no-such-axis",
        "Exception",
        r"Dimension out of range|axis -?\d+ is out of bounds|tensor has no dimensions|"
        r"number of dimensions in the tensor input does not match|axes don't match array|repeated dim|"
        r"duplicate value in|appears multiple times in the list of dims",
        "The axes that the line names are not those of this tensor. They are counted from 0, or backwards from -1; "
        "-2 and -1 are the last two, however many stand in front. Look at its shape.",
    ),
    Crash(
        "too-many-indices",
        "IndexError",
        r"too many indices for|invalid index of a 0-dim|invalid index to scalar",
        "There are more indices between the brackets than the tensor has axes.",
    ),
    Crash(
        "single-number-for-tensor",
        "TypeError",
        r"iteration over a 0-d|len\(\) of (a 0-d tensor|unsized object)",
        "A tensor that holds a single number has no elements to run over: look for a sum or an index too many.",
    ),
    # Positions and ids
    Crash(
        "id-not-in-table",
        "IndexError",
        r"^index out of range in self",
        "An id was looked up for which the table has no row: rows run from 0 to their number minus 1. Look for "
        "another table or vocabulary than meant, or for positions that go one too far.",
    ),
    Crash(
        "position-not-in-tensor",
        "Exception",
        r"index -?\d+ is out of bounds for|index out of bounds|selected index k out of range|exceeds dimension size|"
        r"out of range for (dimension|tensor)",
        "A position was asked for that this axis does not have: the last one is its length minus 1. Look for a loop "
        "that goes one step too far, a count larger than the axis, or another axis than meant.",
    ),
    Crash(
        "ids-not-whole",
        "Exception",
        r"tensors used as indices must be|only integers, slices|arrays used as indices must be|"
        r"for argument #1 'indices'|Expected dtype \S+ for index|expected target dtype to be Long|"
        r"only applicable to index tensor",
        "What looks up rows or names classes must be whole numbers, `torch.int64`: `.long()` makes them so. Better, "
        "look where they became floats.",
    ),
    Crash(
        "tensor-as-position",
        "TypeError",
        r"only integer tensors of a single element|only integer scalar arrays",
        "Python's lists, slices and `range` want one whole number: `.item()` gives it, of an integer tensor that "
        "holds one. With several ids, ask a tensor instead of a list.",
    ),
    Crash(
        "tensor-wanted",
        "TypeError",
        r"must be (a )?(Tensor|tuple of Tensors), (not|but got) (?!NoneType)|expected Tensor as element",
        "A tensor is wanted here, and something else came: `torch.tensor(...)` makes one of a list of numbers, "
        "`torch.stack(...)` one of a list of tensors.",
    ),
    # Types of numbers
    Crash(
        "whole-numbers-where-floats",
        "Exception",
        r"not implemented for '(Long|Int|Bool|Char|Byte|Short)'|"
        r"Input dtype must be either a floating point or complex|Only Tensors of floating point|"
        r"expected a floating.point|only supports floating.point",
        "This calculation wants floats, and got whole numbers or truth values: `.float()` makes floats of them.",
    ),
    Crash(
        "two-kinds-of-numbers",
        "Exception",
        r"to have (the )?same dtype|must have the same dtype|expected scalar type \w+ but found|dtype does not match|"
        r"must match in dtype",
        "One type of numbers was wanted and another came, as the error says. What is multiplied has one type "
        "(`.float()`), ids and targets are int64 (`.long()`).",
    ),
    Crash(
        "cannot-hold-the-result",
        "Exception",
        r"result type \w+ can't be cast|Cannot cast ufunc",
        "An in-place operation such as `+=` keeps the type of the numbers, and it cannot hold the result: write `x = "
        "x + ...`, or make floats first.",
    ),
    Crash(
        "two-devices",
        "RuntimeError",
        r"on the same device",
        "The tensors lie on different devices: create the new one with `device=x.device`.",
    ),
    # One number or several
    Crash(
        "truth-of-many",
        "Exception",
        r"Boolean value of Tensor with|truth value of an (empty )?array",
        "`if`, `while`, `and` and `or` want one truth value, and a tensor has one for each element: `.all()`, "
        "`.any()` or `torch.equal(a, b)` give one; `&` and `|` work for each element, with parentheses.",
    ),
    Crash(
        "one-number-wanted",
        "Exception",
        r"cannot be converted to Scalar|only one element tensors can be converted|only (size|length)-1 arrays|"
        r"only 0-dimensional arrays|"
        r"can only convert an array of size 1",
        "`.item()`, `float()` and `int()` want a tensor with a single element: look for a missing sum, mean or index.",
    ),
    Crash(
        "largest-of-nothing",
        "Exception",
        r"reduction dim .*(to be specified|to have non-zero size)|zero-size array to reduction|"
        r"attempt to get arg(max|min) of an empty",
        "The largest or smallest of nothing was asked for: look for something that is empty.",
    ),
    Crash(
        "not-probabilities",
        "RuntimeError",
        r"probability tensor contains|invalid multinomial distribution",
        "Probabilities are never negative, `nan` or `inf`, and not all 0. Look for logits that were not put through "
        "softmax, or for a row in which everything was cut.",
    ),
    # Gradients
    Crash(
        "trained-in-place",
        "RuntimeError",
        r"leaf Variable that requires grad|modified by an inplace operation",
        "A tensor that PyTorch needs for the gradient was changed in place: make a new one instead, or change a "
        "weight inside `with torch.no_grad():`.",
    ),
    Crash(
        "nothing-to-differentiate",
        "RuntimeError",
        r"does not require grad and does not have a grad_fn|appears to not have been used in the graph",
        "The gradient was asked for of a number that was not computed from the weights, as far as PyTorch recorded. "
        "Look for `.item()`, `.detach()`, `torch.tensor(...)` or `no_grad` on the way.",
    ),
    Crash(
        "gradient-of-many",
        "RuntimeError",
        r"grad can be implicitly created only for scalar",
        "`.backward()` starts from one number: take the mean or the sum first.",
    ),
    Crash(
        "backward-twice",
        "RuntimeError",
        r"backward through the graph a second time",
        "What a `backward()` needs is freed by it: compute the loss anew before the next one.",
    ),
    Crash(
        "numpy-with-gradient",
        "RuntimeError",
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy knows no gradients: `.detach().numpy()` leaves them behind. Where a gradient is still to flow, stay "
        "with PyTorch.",
    ),
)
