import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelName, TextModelName } from '../../models/create-model.js';
import { createModel } from '../../models/create-model.js';
import { textCnn } from '../../models/text-cnn.js';
import { wordLstm } from '../../models/word-lstm.js';
import type { PreparedData } from '../prepared-data.js';
import type { ScalePlan, TrainingRun } from './training-run.js';

/** The model of a run with its first weights; it is not compiled. */
export function createTrained(
  { model, seed }: TrainingRun,
  plan: ScalePlan,
  data: PreparedData,
): LayersModel {
  const { shape, classes, vocabulary } = data;
  const { widths } = plan;
  if (isOfImages(model)) {
    const [height, width, channels] = shape as [number, number, number];
    return createModel(model, { inputShape: [height, width, channels], classes, seed }, widths);
  }
  const text = { length: shape[0]!, vocabulary: vocabulary!, classes, seed };
  return model === 'text-cnn' ? textCnn(text, widths) : wordLstm(text, widths);
}

function isOfImages(model: TrainingRun['model']): model is ModelName {
  const ofTexts: readonly string[] = ['text-cnn', 'word-lstm'] satisfies readonly TextModelName[];
  return !ofTexts.includes(model);
}
