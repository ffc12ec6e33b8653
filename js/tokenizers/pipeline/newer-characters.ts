// Characters newer than what a part of the Rust library knows: gap to the next range and its length less one, in base 36.
// Made by scripts/golden/newer-characters.mjs.
export const newer = {
  /** Punctuation, of unicode_categories: Unicode 8. */
  punctuation:
    '17h rj 3c e8 c 2x5.1 19.2 3pf.c 2.b 1828 8u y 3o.4 18.3 ui.1 1.1 36.4 a.1 1 ea.c 24 ap 7c.2 4b 2k.7 2b.2 1.4 2l.9 5z 2n.4 16.1 hx.1 22.c 4v 35d.1 c56.2 87.3 93 nbw ny.1',
  /** Marks, of unicode-normalization-alignments: Unicode 9. */
  mark: '1kt 49.8 16.9 8a 6z.5 2d 4u 1j 52 c 1m.1 1w 8o j 1mu 6x j3.u 2.b ej 72.4 rap 5u js4.3 1t.4 8t.1 25.5 1y.a 1d.3 6i 2.1 25 3m.1 3m 4.1 35 6x 3g.8 1 2 1.3 1.4 1 e.1 3f r1.e 6t.5 1.1 2.3 1 1.1 3x.6 2.6 3 s.9 14.6 1.3 8 9.a 1a.f 5i.7 cp.5 3 1.1 1.6 1 1u.4 1.1 1.4 9n.3 9.1 1 1c.6 3.4 n 44l 6.e 8ug.h 2sf 1b.8 2k b.1 iry.19 2.m 3ew 4g.6 af 1p.3 e4.3 72.1 6r 2 7.1 5',
  /** Non-spacing marks, of unicode_categories: Unicode 8. */
  nonspacing:
    '1kt 49.8 16.n 7w 6z.5 2d 4u 1j 5f 1m.1 1w 8o j 1ts 39.1 fs.u 2.b lm.5 rao 48 1l 59 jmu.3 1t.4 8t.1 25.5 1y.a 1d.3 6i 2.1 25 7a 5 32 2 6x 3j.5 d 1 1 e.1 2d.7 2.2 1 n r4.8 1.1 74.1 1 4 40.3 2.1 4 w.9 14.5 2.3 8 9.5 2.2 1a.c 1.1 5i 1.2 1 5l.6 1.5 1 2a.l 2.6 1.1 1.1 3e.5 3 1.1 1.6 1 20.1 3 1 9n.1 b.1 1g.4 5 1 n 44l 6.e 8ug.b 3.2 2sf 44 isb.19 2.m 3ax.6 1.g 2.6 1.1 1.4 2s 4g.6 af 1p.3 e4.3 72.1 6r 2 7.1 5 ge.6',
  /** Formats, of unicode_categories: Unicode 8. */
  format: '1ow.1 28 1g4q 6zm.f',
  /** All characters, of Oniguruma and of the crate regex: Unicode 16. */
  oniguruma:
    '1ov r0 3j 2r6.e 2.b 15h 250 ojb.1 2 1 s gk1.f cd.1 1i.6 29d.p 12j.2 8.8 x.1 2g4.7 g8.17 4.9 fxy.o 2.o 7y.4 4qp.7 zt.l 2p.36 cg7.2 cd.m f.g 4pb.u 1.l 8.1 34o 4e.3 9h.8 aj.3 1e 3 1l 4 s 4 7e 10zj.5 4ma.b gsi.3bd',
  /** With a canonical decomposition, of unicode-normalization-alignments: Unicode 9. */
  canonical: '1fpl q 2ou 1 8 2 1f 1.1 12n e7c.7 2f3.2',
  /** Of a script that there is a name of, of UnicodeScripts. */
  script:
    'w 11b 13 2u 19 db.2 2o.a 5.x 5.8 l 8.l 88.2 3b 3n.5 2d 4u 1j v.1 p c 2f.1 l c 3 1i.1 1w 78 2 2 1.5 4 7 7.1 2 d j 1mm 7 9 6n 2w g6.u 2.b 2o 1.1 19.2 7d.1 5.16 2.2 1j 2 6z.4 jo.2 n1 13.2 1gs.1 y.2 c 8.p 4.f 1b 1b dh.o bi.3 8e.1 3v.4 10.1 9 7j 59y.9 g7q.15 1in 8.10 k.5 1h 5t.1 h2.5 fva.g a5.f 1s.1 1i.7 1a.1 po b4.2 uo.5 1.15 1.8 hl.1 i vt.5 8.8 x.5 a8.5 24 a 3a.3 3q.1 33.2 6x 7y 3.3 gm.1 m.j 1i 11.6 o9.f 1s.9 2e.7 ug f.1d d 3zj.12 a.32y 8ju.5 4 1b.8 2i.1 c.6 4qe.i kz.c e8.u 2p.36 6pp.3 1.6 1.1 3.80 f t.2 2 e.3 594.70 3.c3 6.m f.g f.19 2.m 9.37 f9.1 5x.j c.j 3i.6 29z.u 6.5 79.1p x 1g0.6 1.3 1.1 1.e 98 md.1v 24.1o r3.2 v 1o.3 1p 4y.5 vh.5 3.3 n.5 3b.b 2d.4 6.b 4 5b.b 4.1 e.8 13.f f 8.7 1.1 c c.3 f.w i.19 1.46 8.d 2.c 3.a 3.1k 1 4.f 2.b 4.9 7.42 1.2u xr0.8 385.a 4ma.b 2.5rk f.h9 3he.3t6 5.6jt',
  /** With a decomposition of any kind, of the same. */
  compatible:
    'a2n n3l.3 ok hun q bg.4 1.15 1.8 2bs 1 8 2 1f 1.1 12n e7c.7 2f3.2 iuj.z 3sm.1p 3cu 22r.9',
} as const;
