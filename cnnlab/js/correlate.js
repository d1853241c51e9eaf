// Add to each of oh x ow outputs the sum over its window of `padded`, in which a row is pw long and steps[t] leads from a
// window's corner to where weight[t] stands. What several channels give adds up.
export function correlate(output, oh, ow, padded, pw, steps, weight, stride = 1) {
  for (let i = 0; i < oh; i++) {
    for (let j = 0; j < ow; j++) {
      const corner = i * stride * pw + j * stride;
      let sum = 0;
      for (let t = 0; t < steps.length; t++) sum += padded[corner + steps[t]] * weight[t];
      output[i * ow + j] += sum;
    }
  }
}
