/** A non-negative integer in Unicode subscript digits: 12 becomes ₁₂. */
export function subscript(value: number): string {
  return Array.from(String(value), (digit) => String.fromCodePoint(0x2080 + Number(digit))).join('');
}
