/*
 * The loss of the first two scenes: ½ (λ₁ x² + λ₂ y²), a valley that is steep in one direction and flat in the other.
 * Everything about it is known in closed form.
 */

/** Its curvatures: the sharpest direction x, and the flat one y. */
export const curvatures = { steep: 10, flat: 1 } as const;

/** A place in the valley. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export function lossAt({ x, y }: Place): number {
  return (curvatures.steep * x ** 2 + curvatures.flat * y ** 2) / 2;
}

/** Places of `count` steps of gradient descent, the first of them where it begins: θ ← θ − η ∇L(θ). */
export function descend(from: Place, learningRate: number, count: number): Place[] {
  const places = [from];
  for (let step = 0; step < count; step++) {
    const { x, y } = places.at(-1)!;
    places.push({
      x: x * (1 - learningRate * curvatures.steep),
      y: y * (1 - learningRate * curvatures.flat),
    });
  }
  return places;
}
