// The API as its later releases speak it, 3.x to 6.4.0, which the registry does not have: requests of our own after the
// documented wire, every answer held to the tables of fields and to the order of a stream. What outlives a process is driven
// with the published SDK 2.0.0.
//
//   node tests/clients/octavus-wire/suite.mjs [WORD]        only the checks that contain the word

import assert from 'node:assert/strict';

import { definition } from '../support/octavus/agents.mjs';
import { octavusHouse } from '../support/octavus/house.mjs';
import { report } from '../support/report.mjs';
import { agents } from './agents.mjs';
import { files } from './files.mjs';
import { generations } from './generations.mjs';
import { limits } from './limits.mjs';
import { lives } from './lives.mjs';
import { sessions } from './sessions.mjs';
import { stream } from './stream.mjs';
import { tokens } from './tokens.mjs';
import { tools } from './tools.mjs';
import { workers } from './workers.mjs';

const suite = report('octavus-wire');

/** Inputs that must be given. */
const strict = (text) => text.replace('input:\n', 'input:\n  ACCOUNT:\n    type: string\n  PLAN:\n    type: string\n    optional: true\n    enum: [free, paid]\n');
/** A block that is displayed by its title. */
const titled = (text) => text.replace('value: LOOKUP\n', 'value: LOOKUP\n      display: title\n      title: Keeping\n');

const house = await octavusHouse({
  suite,
  config: { limits: { model_attempts: 1 } },
  agents: [
    definition('chat'),
    definition('worker'),
    definition('chat', { slug: 'suite-strict', name: 'Suite strict', protocol: strict }),
    definition('chat', { slug: 'suite-titles', name: 'Suite titles', protocol: titled }),
  ],
});

for (const part of [sessions, stream, tools, generations, agents, files, workers, tokens, limits]) await part({ suite, house });
await suite.check('the model was asked as providers must be asked', () => assert.deepEqual(house.model.wrong(), []));
await suite.check('the server did not complain', () => {
  assert.doesNotMatch(house.stderr, /panicked|internal error/i, house.stderr.slice(-2000));
});
await house.close();
await lives({ suite });
await suite.finish();
