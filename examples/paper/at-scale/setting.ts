import type { RecordedRun } from './record-file.js';
import type { TrainingRun } from './training-run.js';

/** A net and its data, as the page tells of them. */
export interface Setting extends Pick<TrainingRun, 'data' | 'model'> {
  /** What the names of its pictures begin with. */
  readonly id: string;
  /** Where, in a caption. */
  readonly where: string;
  /** The line under the headings of its pictures. */
  readonly subtitle: string;
}

/** The paper's own. */
export const paperSetting: Setting = {
  id: 'scale',
  data: 'cifar10',
  model: 'simple-cnn',
  where: 'at the paper’s scale',
  subtitle: 'SimpleCNN with 361 898 parameters, CIFAR-10 (45 000 images)',
};

export const fashionSetting: Setting = {
  id: 'fashion-mnist',
  data: 'fashion-mnist',
  model: 'simple-cnn',
  where: 'on Fashion-MNIST',
  subtitle: 'SimpleCNN with 271 210 parameters, Fashion-MNIST (50 000 images)',
};

export const spamSetting: Setting = {
  id: 'spam-assassin',
  data: 'spam-assassin',
  model: 'text-cnn',
  where: 'on mails',
  subtitle: 'convolutional classifier, Spam Assassin (4 000 mails)',
};

export const mobyDickSetting: Setting = {
  id: 'moby-dick',
  data: 'moby-dick',
  model: 'word-lstm',
  where: 'on the words of Moby-Dick',
  subtitle: 'LSTM of two layers with 200 units, Moby-Dick (10 000 words)',
};

export const resnetSetting: Setting = {
  id: 'resnet-32',
  data: 'cifar10',
  model: 'resnet-32',
  where: 'with ResNet-32',
  subtitle: 'ResNet-32 without batch normalisation, CIFAR-10 (45 000 images)',
};

/** The runs of claims 5 and 1 with a net and its data. */
export function runsOfSetting(all: readonly RecordedRun[], setting: Setting): readonly RecordedRun[] {
  return all.filter(
    ({ run }) => run.finding !== 'edge' && run.data === setting.data && run.model === setting.model,
  );
}
