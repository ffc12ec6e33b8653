// What is far below the window waits: an attachment that says whether its element is in the window, or nearly.

/** Pixels above and below the window within which an element counts as seen. */
const margin = 300;

export const whileInView =
  (tell: (isInView: boolean) => void) =>
  (element: Element): (() => void) => {
    const observer = new IntersectionObserver((entries) => tell(entries.at(-1)!.isIntersecting), {
      rootMargin: `${margin}px 0px`,
    });
    observer.observe(element);
    return () => observer.disconnect();
  };
