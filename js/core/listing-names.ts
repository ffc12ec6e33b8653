// The published listings by name: see `Listing.difference` for what each is. Apart, so that who leaves them to a worker need not load them.
export const listingNames = [
  'fused',
  'multi_head',
  'multi_head_no_softmax',
  'no_weights',
  'single_head',
  'shared_heads',
] as const;

export type ListingName = (typeof listingNames)[number];
