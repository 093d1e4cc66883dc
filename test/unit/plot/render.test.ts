import { describe, expect, test, vi } from 'vitest';
import { eigenvalueChart, MissingPackageError, toPng, toSvg } from '../../../src/plot/index.js';
import { importFailure } from '../../../src/plot/optional-package.js';

const spec = eigenvalueChart([
  { step: 0, eigenvalues: [3, 2] },
  { step: 1, eigenvalues: [4, 1] },
]);

describe('toSvg', () => {
  test('is a document that stands alone', async () => {
    const svg = await toSvg(spec);
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain('Largest Hessian eigenvalues along training');
  });

  test('is the same each time', async () => {
    expect(await toSvg(spec)).toBe(await toSvg(spec));
  });
});

describe('toPng', () => {
  /** Width and height as a PNG's header gives them. */
  const size = (png: Uint8Array) => {
    const header = new DataView(png.buffer, png.byteOffset);
    return [header.getUint32(16), header.getUint32(20)];
  };

  test('is a PNG of the picture, as large as asked', async () => {
    const once = await toPng(spec, { scale: 1 });
    expect([...once.subarray(1, 4)]).toEqual([...'PNG'].map((letter) => letter.charCodeAt(0)));
    const [width, height] = size(once);
    expect(width).toBeGreaterThan(640);
    const [doubleWidth, doubleHeight] = size(await toPng(spec));
    // Twice a fractional size may round up to one pixel more or less than twice the rounded size.
    expect(Math.abs(doubleWidth! - 2 * width!)).toBeLessThanOrEqual(1);
    expect(Math.abs(doubleHeight! - 2 * height!)).toBeLessThanOrEqual(1);
  });

  test('says in a page, where a bundler has put nothing in the place of its package, that it needs Node', async () => {
    vi.doMock('@resvg/resvg-js', () => ({ Resvg: undefined }));
    try {
      await expect(toPng(spec)).rejects.toThrow(
        'toPng: expected Node, where @resvg/resvg-js draws, received a page.',
      );
    } finally {
      vi.doUnmock('@resvg/resvg-js');
    }
  });
});

describe('an optional package', () => {
  const notFound = (code: string, name: string) =>
    Object.assign(new Error(`Cannot find package '${name}' imported from /app/render.mjs`), { code });

  test.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])('that is missing is named (%s)', (code) => {
    const cause = notFound(code, 'vega');
    const failure = importFailure('toSvg', ['vega', 'vega-lite'], cause);
    expect(failure).toBeInstanceOf(MissingPackageError);
    expect(failure).toMatchObject({
      message:
        'toSvg: expected the optional packages vega vega-lite to be installed, found one missing. ' +
        'Run: npm install vega vega-lite',
      cause,
    });
  });

  test('that really is not there is found missing by what Node throws', async () => {
    const name = 'tfjs-curvature-surely-not-a-package';
    const error: unknown = await import(/* @vite-ignore */ name).catch((reason: unknown) => reason);
    expect(importFailure('toPng', [name], error)).toMatchObject({
      message: expect.stringContaining(`Run: npm install ${name}`) as string,
    });
  });

  test('that is there but broken speaks for itself', () => {
    for (const error of [
      notFound('ERR_MODULE_NOT_FOUND', 'd3-something'),
      new SyntaxError("Unexpected 'vega'"),
    ]) {
      expect(importFailure('toSvg', ['vega'], error)).toBe(error);
    }
  });
});
