// What functions of the kernel return instead of a mask's number. JavaScript knows these values too: see maskKernel.ts.

/** The text is unusual, or wrong: it has to be read in the general way. */
export const UNUSUAL: i32 = -1;
/** The outline is far from all masks that it would be compared with. */
export const FAR: i32 = -2;
/** A number is not finite, or too large to be drawn. */
export const NOT_DRAWABLE: i32 = -3;
/** The runs do not add up to the size. */
export const WRONG_SUM: i32 = -4;
/** A run's text is wrong: see runFault. */
export const WRONG_RUN: i32 = -5;
