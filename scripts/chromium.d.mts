export function findChromium(): string | null;
export const noChromium: string;
export const chromiumFlags: string[];
