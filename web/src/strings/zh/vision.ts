// 图片模型的中文文字。
import type { VisionStrings } from '../en/vision.ts';

export const zh: VisionStrings = {
  changes: (place) =>
    `修改如何改变 ${place} 的注意力：橙色是更多，紫色是更少；变化最大的颜色最深。`,
  heading: '图片',
  open: '打开图片…',
  opened: (name) => `已打开：${name}。动手画，就换成你的画。`,
  hint: '图片不会离开本机。模型读到的是按 preprocessor_config.json 缩放和归一化之后的图。',
  draw: '也可以用手指或鼠标画。',
  looks: (place) => `模型看到的图片，按 ${place} 的注意力着色`,
  note: (place, most, onClass) =>
    `${place} 关注哪里：最深处是 ${most}；${onClass} 留在 [CLS] 上，答案就从那里读出。指向一块可看它关注哪里，点击可固定。`,
};
