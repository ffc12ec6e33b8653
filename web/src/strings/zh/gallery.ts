// Every word of the gallery in Chinese. 模型库的全部中文。
import type { GalleryStrings } from '../en/gallery.ts';

export const zh: GalleryStrings = {
  heading: '模型',
  intro:
    '在实验室里打开真实的模型。它只从 Hugging Face 下载一次，保存在这个浏览器中，之后可离线使用。你的文字不会离开本页。',
  close: '关闭',
  shipped: '本页自带',
  shippedNote: '由本页课程训练的小模型，无需下载。',
  hub: '来自 Hugging Face',
  own: '你自己的模型',
  shape: (layers, heads) => `${layers} 层 × ${heads} 头`,
  kept: (bytes) => `已保存在这个浏览器中，${bytes}`,
  partial: (bytes) => `已下载 ${bytes}`,
  licence: (name) => `许可证 ${name}`,
  download: (bytes) => `下载并打开（${bytes}）`,
  resume: '继续下载',
  open: '打开',
  cancel: '取消',
  delete: '删除',
  nameOf: (action, model) => `${action}：${model}`,
  progress: (file, loaded, total) => `${file}：${loaded}，共 ${total}`,
  starting: '正在连接…',
  others: '保存在这个浏览器中的其他模型',
  failed: (model) => `无法打开 ${model}。`,
  network:
    '网络或 huggingface.co 无法访问。请检查连接后重试，已下载的部分会保留。有些学校和公司会屏蔽这个网站。',
  missing: 'Hub 上没有这个模型，或者它不公开。',
  unsupported: '本页还不能读取这类模型。',
  memory: '内存不足。请关闭其他标签页，或选择更小的模型。',
  other: '请重试。如果仍然失败，请在这里删除后重新下载。',
  details: '详情',
  folder: '选择文件夹…',
  folderHint:
    '采用 Hugging Face 布局的文件夹（config.json、model.safetensors、tokenizer.json），或 Hub 上模型的 id。文件不会离开这台电脑。',
  id: 'Hugging Face 上模型的 id',
  idHint: '所有者和名称，例如 distilbert/distilgpt2。',
  openId: '下载并打开',
};
