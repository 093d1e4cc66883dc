// Stands in front of the tests of tfjs-core: what they need of it, and the backend they run on.
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util';

// The same name in every run, so that the names of the tests, which contain it, can be compared.
setTestEnvs([{ name: 'env', backendName: process.env.TEST_BACKEND ?? '', isDataSync: true }]);
