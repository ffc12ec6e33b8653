// Every word of the training part in Chinese. 训练部分的全部中文。
import type { TrainingStrings } from '../en/train.ts';

export const zh: TrainingStrings = {
  heading: '训练一个 Transformer',
  lessons: '课题',
  lookFor: '请看',
  goal: (share) => `目标：没见过的题目答对 ${share}`,

  transport: {
    label: '训练',
    play: '开始训练',
    playFrom: (step) => `从第 ${step} 步继续训练`,
    pause: '暂停',
    step: '走一步',
    reset: '重来',
    resetHint: '回到由这个种子生成的随机权重。',
    stepCount: (step) => `第 ${step} 步`,
    speed: (speed) => `每秒 ${speed} 步`,
  },

  status: {
    opening: '正在建立模型…',
    initial: '随机权重：还什么都没学到。',
    shipped: '本页自带的已训练权重。',
    loaded: (name) => `来自 ${name} 的权重。`,
    running: '正在训练。',
    paused: (step) => `停在第 ${step} 步。`,
    looking: (step, last) =>
      `正在回看第 ${step} 步，一共 ${last} 步。从这里继续训练，会忘掉它之后的步数。`,
    goal: (step, seconds, share) =>
      `经过 ${step} 步、${seconds} 秒的训练达到目标：从没见过的题目答对 ${share}。训练已暂停。`,
    goalAgain: (steps, share, heads) =>
      `没有 ${heads}，改动之后又走 ${steps} 步，再次达到目标：没见过的题目答对 ${share}。`,
    tookOver: (head, before, after) =>
      `${head} 接替了它：看向答案的权重从 ${before} 变成 ${after}。`,
    headOff: (head, before, after) =>
      `${head} 已关掉：没见过的题目答对率从 ${before} 变成 ${after}。继续训练，看看哪个头来接替它。`,
    headOn: (head, before, after) => `${head} 重新打开：${before} → ${after}。`,
    architecture: '模型的形状变了，所以用新的随机权重重新开始。',
    saved: (name) => `已保存为 ${name}。`,
    copied: '链接已复制。',
  },

  settings: {
    heading: '模型',
    learningRate: '学习率',
    learningRateHint: '每一步把权重移动多远。训练进行时也可以改。',
    shape: '改了就重新开始：',
    layers: '层数',
    heads: '头数',
    width: '宽度',
    seed: '种子',
    shapeHint: '换一种形状或种子，会用新的随机权重重新开始。',
    weights: (count) => `${count} 个权重`,
    start: '起点',
    startFresh: '新的随机权重',
    startShipped: '本页自带的已训练权重',
    defaults: '恢复这一课的设置',
  },

  curves: {
    heading: '它做得怎么样',
    loss: '损失',
    lossHint: '平均意外程度；0 表示完全确定',
    accuracy: '正确率',
    accuracyHint: '答对的份额',
    batch: '训练用的题目',
    heldOut: '没见过的题目',
    summary: (step, loss, accuracy, heldOut) =>
      `第 ${step} 步：损失 ${loss}，训练题目对 ${accuracy}，没见过的题目对 ${heldOut}。`,
    none: '还没有走过一步。',
  },

  timeline: {
    label: '在保存的快照之间来回拖动',
    value: (step, last) => `第 ${step} 步，一共 ${last} 步`,
    hint: '往回拖，看当时的注意力；可以从任何一处继续训练。',
  },

  input: {
    heading: '你自己的输入',
    another: '换一个例子',
    hint: '看模型在学习过程中怎样处理它。',
  },

  answers: {
    heading: '它的回答',
    untrained: '训练之前',
    now: '现在',
    at: (step) => `第 ${step} 步`,
    shipped: '本页自带',
    noShipped: '这里没有这种形状的已训练权重可以比较。',
    expected: '正确答案',
    right: '对',
    wrong: '错',
    show: (whose) => `${whose}：显示它的注意力`,
  },

  heads: {
    heading: '头',
    label: (site, layer, head, off) =>
      `${site}，第 ${layer} 层，第 ${head} 头${off ? '，已关' : ''}`,
    on: (site, layer, head) => `${site}，第 ${layer} 层，第 ${head} 头，开`,
    hint: '点一个头，看它的大图。取消勾选就关掉它，然后继续训练。',
    off: '关',
    onTarget: (share) => `有 ${share} 的权重落在答案所在之处`,
    onTargetHint: '每个头下面的数字，是它的权重中落在答案所在之处的份额。',
    importance: '哪些头重要？',
    importanceHint: '依次关掉每个头，数一数没见过的题目还能答对多少。',
    without: (share) => `没有它：${share}`,
  },

  attention: {
    heading: '它在看什么',
    whose: { now: '正在训练的模型', shipped: '本页自带的权重', untrained: '训练之前的模型' },
    cells: (label) => `注意力权重，${label}。行看列。方向键移动单元格，Esc 清除选择。`,
    table: (label) => `${label}：每一行是一个去看的词元，每一列是一个被看的词元`,
    rowsOutput: '行是答案中的字符，列是输入中的字符。',
    off: '这个头已关掉：它取来的内容被换成零。',
    random: '随机权重',
    pictureNote: (place, most) =>
      `${place} 看的地方；最强的颜色是 ${most}。答案从 [CLS] 读出。在下面选一行，可以看那一小块在看哪里。`,
    picture: (label) => `画上的深浅表示 ${label} 看的地方`,
  },

  drawing: {
    hint: '用手指或鼠标画，或者取一个画好的例子。',
    canvas: '画板。用键盘时：方向键移动笔，空格键落笔和提笔。',
    clear: '清空',
    down: '落笔',
    up: '提笔',
  },

  failure: {
    heading: '训练停了',
    nonFinite: (step) =>
      `在第 ${step} 步，损失不再是一个数。步子太大，权重超出了浮点数能表示的范围；从此以后一切都会是 NaN。`,
    next: '怎么办',
    nonFiniteNext: '降低学习率，回到最后一个好的快照，或者重来。',
    back: (step, rate) => `回到第 ${step} 步，学习率用 ${rate}`,
    other: '重来，或者换一个课题。如果仍然失败，请重新加载页面。',
    file: '这个文件不是这一课的模型。',
    fileNext: '请选择本页保存的 .zip，或者其中的 config.json 和 model.safetensors。',
  },

  keep: {
    heading: '留住它',
    save: '保存模型',
    saveHint:
      '一个 Hugging Face 布局的 .zip，附有 lesson.json：可以在这里加载、在“观察”里打开，或用软件包读取。',
    load: '加载保存的模型…',
    link: '复制链接',
    linkHint: '课题、种子、设置和你的输入。打开它的人会训练出完全一样的过程。',
    copyFailed: '浏览器拒绝了剪贴板。请从这里复制：',
  },
};
