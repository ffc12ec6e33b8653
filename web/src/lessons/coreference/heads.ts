// Numbers the heads of each layer by how much they can write, ‖V_h‖ · ‖O_h‖, most first. Their order means nothing else.
import type { Model, Tensor } from 'attention-lab';

export function numberHeads(model: Model): void {
  const { dModel: D, numLayers, attention } = model.config;
  const { numHeads: H, dHead: K } = attention;
  const parameters = model.parameters();
  for (let l = 0; l < numLayers; ++l) {
    const at = (name: string): Tensor => parameters.get(`blocks.${l}.attn.${name}`)!;
    const v = at('v_proj.weight').data; //   [H·K, D]
    const o = at('out_proj.weight').data; // [D, H·K]
    const size = Array.from({ length: H }, (_, h) => {
      let written = 0;
      for (let i = 0; i < D; ++i)
        for (let k = 0; k < K; ++k) written += o[i * H * K + h * K + k]! ** 2;
      const read = v.subarray(h * K * D, (h + 1) * K * D).reduce((sum, x) => sum + x * x, 0);
      return Math.sqrt(read * written);
    });
    const order = size.map((_, h) => h).sort((a, b) => size[b]! - size[a]!);
    for (const name of ['q_proj', 'k_proj', 'v_proj']) {
      for (const [kind, width] of [
        ['weight', D],
        ['bias', 1],
      ] as const) {
        const { data, dims } = at(`${name}.${kind}`);
        const moved = order.flatMap((h) => [...data.subarray(h * K * width, (h + 1) * K * width)]);
        model.setParameter(`blocks.${l}.attn.${name}.${kind}`, {
          data: Float32Array.from(moved),
          dims,
        });
      }
    }
    const columns = Float32Array.from(o, (_, i) => {
      const [row, column] = [Math.floor(i / (H * K)), i % (H * K)];
      return o[row * H * K + order[Math.floor(column / K)]! * K + (column % K)]!;
    });
    model.setParameter(`blocks.${l}.attn.out_proj.weight`, { data: columns, dims: [D, H * K] });
  }
}
