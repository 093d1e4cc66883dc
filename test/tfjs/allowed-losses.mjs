/**
 * Tests of TensorFlow.js that may fail here though they pass on stock, each with the reason. `in`: the configurations
 * that lose them.
 */
export const allowedLosses = [
  {
    in: ['kernels', 'tape-cpu'],
    why: 'The gradient of an average over a window at the border divides by the cells inside, as the value does; the test asks for the full window, which is the gradient of another function.',
    tests: ['avgPool env {} gradient x=[3,3,1] f=[3,3] s=1 p=explicit'],
  },
  {
    in: ['tape-cpu', 'tape-wasm'],
    why: 'Stock spreads the whole adjoint to each of equal maxima or minima, which counts it more than once.',
    tests: [
      'max env {} max gradient: 1D, ties',
      'max env {} max gradient: ties, 2D, axes=-1, keepDims=false',
      'max env {} max gradient: ties, 3D, axes=[1, 2], keepDims=false',
      'max env {} max gradient: ties, 4D, axes=[1, 2, 3], keepDims=false',
      'max env {} max gradient: ties, 4D, axes=[2, 3], keepDims=true',
      'min env {} min gradient: 1D, ties',
      'min env {} min gradient: ties, 2D, axes=-1, keepDims=false',
      'min env {} min gradient: ties, 3D, axes=[1, 2], keepDims=false',
      'min env {} min gradient: ties, 4D, axes=[1, 2, 3], keepDims=false',
      'min env {} min gradient: ties, 4D, axes=[2, 3], keepDims=true',
    ],
  },
  {
    in: ['tape-cpu', 'tape-wasm'],
    why: 'Ties go to the side that docs/numerics.md names. Stock gives them to the first operand of a maximum, and to x at the lower bound of a clip.',
    tests: [
      'maximum env {} gradients: Tensor1D',
      'maximum env {} gradients: Tensor2D',
      'clipByValue env {} gradient: 1D tensor with max or min value',
    ],
  },
  {
    in: ['tape-cpu', 'tape-wasm'],
    why: 'Stock returns the slice of the adjoint in the middle; what is mirrored carries a derivative too.',
    tests: ['mirrorPad env {} grad', 'mirrorPad env {} gradient with clones'],
  },
  {
    in: ['tape-cpu', 'tape-wasm'],
    why: 'Dilated depthwise convolutions have a gradient here; stock refuses.',
    tests: ['depthwiseConv2d gradients env {} throws error on dilations > 1'],
  },
  {
    in: ['tape-cpu', 'tape-wasm'],
    why: 'All kinks are taken from the left: at a tie the second of a maximum has the derivative, and at its lower bound a clipped value has none.',
    tests: [
      'maximum env {} gradients: Tensor1D',
      'maximum env {} gradients: Tensor2D',
      'clipByValue env {} gradient: 1D tensor with max or min value',
    ],
  },
  {
    in: ['tape-cpu', 'tape-wasm'],
    why: 'Stock refuses to save all inputs of a kernel that names them; here that is no matter.',
    tests: [
      'gradient registry env {} register a kernel with map inputs and saveAllInputs true should throw error',
    ],
  },
  {
    in: ['tape-cpu', 'tape-wasm'],
    why: 'Dividing whole numbers rounds down, which has the derivative zero; stock gives that of the quotient.',
    tests: ['div env {} gradient: Tensor1D with int32', 'div env {} gradient: 1d<int32> with 1d<bool> '],
  },
];
