// How a head looks on the map.

export interface HeadLook {
  /** CSS colours; null: uncoloured. */
  colour: { background: string; ink: string } | null;
  /** In words, for those who do not see colours: `what it is worth −0.31`. */
  says: string;
  isOff: boolean;
}
