// The order of a stream, as its readers count on it: what opens is closed, deltas belong to what is open, a request of tools
// ends its leg, and a run keeps its id over all legs.

import assert from 'node:assert/strict';

import { eventProblems } from './shapes.mjs';

/**
 * Holds the legs of one run to shapes and order. Each leg is the list of its events; all but the last end in a request of
 * tools. `worker`: usage may follow the end.
 */
export function checkLegs(legs, { generation = 6, worker = false } = {}) {
  const state = { blocks: new Set(), execution: null, calls: new Map() };
  for (const [at, events] of legs.entries()) {
    const found = events.flatMap((event) => eventProblems(event, generation));
    assert.deepEqual(found, [], `events of leg ${at}`);
    checkLeg(events, state, { last: at === legs.length - 1, worker });
  }
  return legs.flat();
}

function checkLeg(events, state, { last, worker }) {
  const types = events.map(({ type }) => type);
  const told = `in ${types.join(' ')}`;
  assert.equal(types[0], 'start', `a leg begins with start, ${told}`);
  assert.equal(types.filter((type) => type === 'start').length, 1, `one start, ${told}`);
  const { executionId } = events[0];
  assert.ok(executionId, 'start names the execution');
  assert.equal(state.execution ?? executionId, executionId, 'the execution keeps its id');
  state.execution = executionId;

  const ends = types.map((type, at) => (['finish', 'error'].includes(type) ? at : -1)).filter((at) => at >= 0);
  assert.equal(ends.length, 1, `one end, ${told}`);
  const after = types.slice(ends[0] + 1);
  assert.deepEqual(after.filter((type) => !(worker && type === 'usage')), [], `nothing follows the end, ${told}`);
  const end = events[ends[0]];
  if (end.type === 'finish' && end.executionId) assert.equal(end.executionId, executionId, 'the end names the execution');

  const open = { text: new Set(), reasoning: new Set() };
  const seen = new Set();
  let request = null;
  for (const event of events) checkEvent(event, { state, open, seen, told });
  for (const event of events) {
    if (event.type !== 'tool-request') continue;
    assert.equal(request, null, `one request of tools, ${told}`);
    request = event;
    assert.ok(event.toolCalls.length > 0, 'a request asks for something');
    for (const call of event.toolCalls) {
      const known = state.calls.get(call.toolCallId);
      assert.ok(known?.input !== undefined, `${call.toolName} was available before it was requested, ${told}`);
      assert.deepEqual([known.toolName, known.input], [call.toolName, call.args], 'what is requested is what was told');
    }
    assert.equal(types.indexOf('tool-request'), ends[0] - 1, `the end follows the request at once, ${told}`);
  }
  if (end.type === 'error') return;
  assert.deepEqual([...open.text, ...open.reasoning], [], `texts that stay open, ${told}`);
  assert.equal(end.finishReason === 'tool-calls', request !== null, `tool-calls is the end of a request, ${told}`);
  assert.equal(end.finishReason !== 'tool-calls', last, 'only the last leg ends otherwise');
  if (end.finishReason === 'stop') assert.deepEqual([...state.blocks], [], `blocks that stay open, ${told}`);
}

function checkEvent(event, { state, open, seen, told }) {
  const [, kind, step] = /^(text|reasoning)-(start|delta|end)$/.exec(event.type) ?? [];
  if (kind) {
    if (step === 'start') {
      assert.ok(!seen.has(event.id), `a text begins once, ${told}`);
      seen.add(event.id);
      open[kind].add(event.id);
    } else assert.ok(open[kind].has(event.id), `${event.type} of what is open, ${told}`);
    if (step === 'end') open[kind].delete(event.id);
    if (step === 'delta') assert.notEqual(event.delta, '', 'a delta is not empty');
  }
  if (event.type === 'block-start') {
    assert.ok(!state.blocks.has(event.blockId), `a block begins once, ${told}`);
    state.blocks.add(event.blockId);
  }
  if (event.type === 'block-end') assert.ok(state.blocks.delete(event.blockId), `a block that is open ends, ${told}`);
  if (event.type.startsWith('tool-')) checkCall(event, state.calls, told);
}

function checkCall(event, calls, told) {
  const call = calls.get(event.toolCallId);
  if (event.type === 'tool-input-start') {
    assert.equal(call, undefined, `a call begins once, ${told}`);
    calls.set(event.toolCallId, { toolName: event.toolName, text: '', input: undefined });
  } else if (event.type === 'tool-input-delta') {
    assert.ok(call && call.input === undefined && !call.ended, `a delta of an open call, ${told}`);
    call.text += event.inputTextDelta;
  } else if (event.type === 'tool-input-end') {
    assert.ok(call && !call.ended, `an open call ends, ${told}`);
    call.ended = true;
  } else if (event.type === 'tool-input-available') {
    assert.ok(call && call.input === undefined, `a call that has begun is available once, ${told}`);
    assert.equal(call.toolName, event.toolName);
    if (call.text) assert.deepEqual(JSON.parse(call.text), event.input, 'the deltas make up the input');
    call.input = event.input;
  } else if (event.type.startsWith('tool-output')) {
    assert.ok(call?.input !== undefined, `an output of a call that is known, ${told}`);
  }
}

/** The text that events say. */
export const spoken = (events) => events.filter(({ type }) => type === 'text-delta').map(({ delta }) => delta).join('');

/** The kinds of events in order, each run of the same kind once. */
export const kinds = (events) => events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
