/** Images of a sample. */
export const sampleSize = 1000;

/** Image i is of class i mod `sampleClasses`. */
export const sampleClasses = 10;

/** Images are grey and square. */
export const sampleSide = 28;

export const samplePixels: number = sampleSide * sampleSide;
