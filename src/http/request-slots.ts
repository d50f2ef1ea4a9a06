/** Counts requests under way against a limit. */
export interface RequestSlots {
  /** Takes a slot; the function that gives it back (calling it twice does no harm), or undefined when none is free. */
  take(): (() => void) | undefined;
}

/** With limit 0 there is always a slot. */
export function createRequestSlots(limit: number): RequestSlots {
  let taken = 0;
  return {
    take() {
      if (limit > 0 && taken >= limit) return undefined;
      taken++;
      let isHeld = true;
      return () => {
        if (isHeld) taken--;
        isHeld = false;
      };
    },
  };
}
