// Every word of the training part in Chinese. 训练部分的全部中文。
import type { TrainingStrings } from '../en/train.ts';

export const zh: TrainingStrings = {
  heading: '训练一个 Transformer',
  lessons: '课程',
  close: '关闭',

  about: {
    heading: '本课说明',
    watch: '看点：',
    goal: (accuracy, steps) => `目标：未见过的样本答对 ${accuracy}，通常约需 ${steps} 步。`,
  },

  transport: {
    label: '训练',
    play: '开始训练',
    playFrom: (step) => `从第 ${step} 步继续`,
    pause: '暂停',
    step: '单步',
    replay: '回放',
    replayHint: '从第一步到最后一步，再看一遍注意力是怎样形成的。',
    reset: '重置',
    resetHint: '回到由这个种子生成的初始权重。',
    slow: '慢动作',
    slowHint: '放慢训练，便于观察；学到的内容不变。',
    stepCount: (step) => `第 ${step} 步`,
    speed: (speed) => `每秒 ${speed} 步`,
  },

  status: {
    opening: '正在建立模型…',
    initial: '随机的初始权重：还什么都没学到。',
    shipped: '预训练权重。',
    loaded: (name) => `已从 ${name} 加载权重。`,
    running: '正在训练。',
    replaying: '正在从第一步起回放训练过程。',
    paused: (step) => `已在第 ${step} 步暂停。`,
    looking: (step, last) =>
      `正在查看第 ${step} 步（共 ${last} 步）。从这里继续训练会丢弃之后的步骤。`,
    goal: (step, seconds, accuracy) =>
      `达到目标：训练 ${step} 步，计算用时 ${seconds} 秒，未见过的样本答对 ${accuracy}。`,
    goalAgain: (steps, accuracy, heads) =>
      `关闭${heads}后又训练 ${steps} 步，再次达到目标：未见过的样本答对 ${accuracy}。`,
    tookOver: (head, before, after) =>
      `${head}接替了它：对答案的注意力从 ${before} 升到 ${after}。`,
    headOff: (head, before, after) =>
      `${head}已关闭：未见过的样本的正确率从 ${before} 变为 ${after}。继续训练，看看哪个头会接替它。`,
    headOn: (head, before, after) => `${head}已重新打开：${before} → ${after}。`,
    architecture: '模型结构变了，因此从初始权重重新开始训练。',
    saved: (name) => `已保存为 ${name}。`,
    copied: '链接已复制。',
  },

  next: {
    heading: '接下来可以试试',
    ablate: (head) => `关闭${head}`,
    restore: '重新打开',
    trainOn: '不用它，继续训练',
    seed: '换一个种子',
    lesson: (title) => `下一课：${title}`,
  },

  settings: {
    heading: '设置',
    learningRate: '学习率',
    learningRateHint: '每一步把权重移动多远。训练过程中也可以修改。',
    shape: '修改后重新训练',
    layers: '层数',
    heads: '每层头数',
    width: '宽度',
    seed: '种子',
    weights: (count) => `${count} 个权重`,
    start: '起点',
    startInitial: '初始权重',
    startShipped: '预训练权重',
    defaults: '恢复本课的设置',
  },

  curves: {
    heading: '进展',
    loss: '损失',
    lossHint: '对答案的平均意外程度；0 表示完全确定',
    accuracy: '正确率',
    batch: '训练样本',
    batchHint: '每一步训练所用的样本。',
    heldOut: '未见过的样本',
    heldOutHint: '从不用于训练的样本。',
    summary: (step, loss, accuracy, heldOut) =>
      `第 ${step} 步：损失 ${loss}；训练样本答对 ${accuracy}，未见过的样本答对 ${heldOut}。`,
    none: '还没有训练。',
    empty: '从第一步开始绘制',
  },

  timeline: {
    label: '已保存的步骤',
    value: (step, last) => `第 ${step} 步，共 ${last} 步`,
    hint: '往回拖，看当时的注意力；可以从任何一处继续训练。',
  },

  input: {
    heading: '你自己的输入',
    another: '换一个样本',
    hint: '看模型在学习过程中怎样处理它。',
  },

  answers: {
    heading: '它的回答',
    untrained: '训练前',
    now: '现在',
    at: (step) => `第 ${step} 步`,
    shipped: '预训练',
    noShipped: '没有这种结构的预训练权重可供比较。',
    expected: '正确答案',
    correct: '正确',
    wrong: '错误',
    show: (whose) => `${whose}：显示它的注意力`,
  },

  heads: {
    heading: '注意力头',
    label: (site, layer, head, off) =>
      `${site}，第 ${layer} 层，第 ${head} 头${off ? '，已关闭' : ''}`,
    on: (site, layer, head) => `${site}，第 ${layer} 层，第 ${head} 头，打开`,
    follow: '跟随最强的头',
    following: '✓ 正跟随最强的头',
    followHint: '始终显示当前对答案注意力最高的头。选定一个头后不再跟随。',
    off: '关',
    onTarget: (share) => `对答案的注意力 ${share}`,
    onTargetHint: '这个头的注意力有多少落在答案所在的位置。',
    importance: '哪些头重要？',
    importanceHint: '依次关闭每个头，测量没有它时未见过的样本的正确率。',
    without: (share) => `无它 ${share}`,
  },

  attention: {
    heading: '注意力',
    views: '注意力的显示方式',
    arcs: '弧线',
    weights: '权重',
    rows: '从（查询）↓',
    columns: '到（键）→',
    onTarget: '对答案的注意力',
    attendsTo: '关注',
    spread: '的注意力平均分散',
    hint: '选择一个词元，看它关注哪里。',
    hintTargets: '绿框标出答案所在的位置。选择一个单元格，查看它的权重。',
    whose: { now: '正在训练的模型', shipped: '预训练的模型', untrained: '训练前的模型' },
    cells: (label) => `注意力权重，${label}。行关注列。方向键移动单元格，Esc 清除选择。`,
    off: '这个头已关闭：它的输出以零代替。',
    random: '随机权重',
  },

  drawing: {
    mode: '指针的作用',
    draw: '画',
    ask: '选择图块',
    hint: '深浅表示 [CLS] 的注意力，答案就是从这个词元读出的。',
    askHint: '深浅表示框出的图块的注意力。',
    /** Of the pad that the Lab shows, too. */
    canvas: '画板。用键盘时：方向键移动笔，空格键落笔和提笔。',
    shaded: (head, keys) => `你画的图，深浅表示${head}的注意力。${keys}`,
    drawKeys: '方向键移动笔，空格键落笔和提笔。',
    askKeys: '方向键选择图块，Home 键选择 [CLS]。',
    clear: '清空',
    down: '已落笔',
    up: '已提笔',
  },

  failure: {
    heading: '训练已停止',
    nonFinite: (step) =>
      `在第 ${step} 步，损失不再是一个数：步幅太大，权重溢出，由它们算出的一切都成了 NaN。`,
    next: '怎么办',
    nonFiniteNext: '降低学习率并回到最后一个正常的步骤，或者重置。',
    back: (step, rate) => `回到第 ${step} 步，学习率设为 ${rate}`,
    other: '重置，或者换一课。如果仍然失败，请重新加载页面。',
    file: '这个文件不是本课的模型。',
    fileNext: '请选择本页保存的 .zip，或其中的 config.json 和 model.safetensors。',
    details: '详情',
  },

  save: {
    heading: '保存与分享',
    clipHeading: '注意力形成过程的短片',
    clip: '保存短片',
    clipHint: '回放训练过程，并保存为几秒钟的视频。',
    clipEmpty: '请先训练：短片是训练过程的回放。',
    clipNone: '这个浏览器不能录制视频。Chrome、Edge、Firefox 以及 Safari 14.1 或更新的版本可以。',
    recording: '正在录制回放…',
    saved: '短片已保存。',
    stopped: '回放被中止，没有保存短片。',
    modelHeading: '模型',
    model: '保存模型',
    modelHint: '采用 Hugging Face 布局的 .zip：可以在这里加载、在实验室里打开，或用软件包读取。',
    load: '加载保存的模型…',
    linkHeading: '本次训练的链接',
    link: '复制链接',
    linkHint: '包含课程、种子、设置和你的输入。打开它的人会训练出完全一样的过程。',
    copyFailed: '浏览器不允许复制。请从这里复制：',
  },
};
