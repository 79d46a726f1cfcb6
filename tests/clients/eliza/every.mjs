// Every method of every service of the published client, old and new, called once against a server. What it gives has the
// shape that callers read; what the original answers with an error is answered with one here too, and named below.

import assert from 'node:assert/strict';
import { randomUUID as uuid } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { startOmbud } from '../support/ombud.mjs';
import { until } from '../support/report.mjs';

const SERVER = '00000000-0000-0000-0000-000000000000';
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

/** What no service has of its own: what they inherit, and what they do with their arguments. */
const INNER = ['constructor', 'requestBinary', 'processAudioInput', 'isBase64String', 'isBuffer', 'buildUrl', 'getHeaders', 'safeFrom'];
/** How long all methods of one client may take, in milliseconds. */
const PATIENCE = 120_000;

export async function every(suite, folder) {
  const { startMock } = await import(pathToFileURL(join(folder, 'mock-openai.mjs')).href);
  const near = createRequire(join(folder, 'check.mjs'));
  for (const name of ['@elizaos/api-client', 'api-client-next']) {
    const { ElizaClient, ApiError } = await import(pathToFileURL(near.resolve(name)).href);
    const mock = await startMock({ port: 0, reply: () => 'mock reply' });
    const house = await startOmbud({
      config: {
        model: 'house/small',
        providers: { house: { base_url: `http://127.0.0.1:${mock.port}/v1`, api_key: 'sk-mock' } },
        speech: { provider: 'house' },
      },
      args: ['--allow-local-admin'],
    });
    suite.atEnd(() => house.close());
    await suite.check(`every method of ${name}`, () => all(new ElizaClient({ baseUrl: house.url }), ApiError), PATIENCE);
    await house.close();
    await mock.close();
  }
}

function wave() {
  const sound = Buffer.alloc(1_644);
  sound.write('RIFF', 0);
  sound.writeUInt32LE(1_636, 4);
  sound.write('WAVEfmt ', 8);
  return sound;
}

async function all(client, ApiError) {
  const called = new Set();
  const faults = [];
  /** Calls a method: what it gives must have these keys, or be of this kind. */
  const call = async (name, args, wanted) => {
    called.add(name);
    const [service, method] = name.split('.');
    try {
      const given = await client[service][method](...args);
      const looked = wanted instanceof Array ? wanted.every((key) => given && key in given) : wanted === undefined || wanted(given);
      if (!looked) faults.push(`${name} gave ${JSON.stringify(given)?.slice(0, 300)}`);
      return given;
    } catch (error) {
      faults.push(`${name} threw ${error.code} ${error.status} ${error.message}`);
      return undefined;
    }
  };
  /** Calls a method that the original refuses too. */
  const refused = async (name, args, status) => {
    called.add(name);
    const [service, method] = name.split('.');
    const told = await client[service][method](...args).then(() => null, (error) => error);
    const fits = status === undefined ? told && !(told instanceof ApiError) : told instanceof ApiError && told.status === status;
    if (!fits) faults.push(`${name} was to be refused with ${status}: ${told?.status} ${told?.message}`);
  };
  const nothing = (given) => given === undefined;
  const done = (given) => given?.success === true;
  const list = (given) => given instanceof Array;

  const isNewer = 'jobs' in client;
  const word = isNewer ? 'MessageServer' : 'Server';
  const [anna, ben, carl] = [uuid(), uuid(), uuid()];
  const channelKeys = ['id', 'messageServerId', 'name', 'type', 'createdAt', 'updatedAt'];
  const worldKeys = ['world'];

  // Agents.
  const character = { name: `Every ${anna.slice(0, 6)}`, bio: ['x'], settings: { secrets: { K: 'v' } } };
  const { id } = await call('agents.createAgent', [{ characterJson: character }], ['id', 'character']);
  await call('agents.startAgent', [id], ['id', 'name', 'status']);
  await call('agents.listAgents', [], ['agents']);
  await call('agents.getAgent', [id], ['id', 'name', 'bio', 'settings', 'status', 'createdAt']);
  await call('agents.updateAgent', [id, { bio: ['y'] }], ['id', 'status', 'bio']);
  await call('agents.getWorlds', [], ['worlds']);
  await refused('agents.addAgentToWorld', [id, uuid()], 400);
  await call('agents.getAgentPanels', [id], ['panels']);

  // Servers of channels.
  const made = await call(`messaging.create${word}`, [{ name: 'S', sourceType: 'test', metadata: { a: 1 } }], ['server']);
  const server = made.server.id;
  const servers = isNewer ? ['messageServers'] : ['servers'];
  await call(`messaging.list${word}s`, [], servers);
  await call(`agents.addAgentTo${word}`, [server, id], ['agentId', 'message']);
  await call(`agents.getAgentsFor${word}`, [server], ['agents']);
  await call(`agents.get${word}sForAgent`, [id], servers);
  await call(`agents.removeAgentFrom${word}`, [server, id], ['agentId', 'message']);
  await refused(`messaging.sync${word}Channels`, [server, {}], 404);
  await refused(`messaging.delete${word}`, [server], 404);
  if (isNewer) await call('messaging.getCurrentMessageServer', [], ['messageServerId']);

  // Channels.
  const empty = isNewer
    ? { name: 'C', type: 'GROUP', metadata: { b: 2 }, messageServerId: SERVER }
    : { name: 'C', type: 'GROUP', server_id: SERVER, participantCentralUserIds: [anna], metadata: { b: 2 } };
  const group = isNewer
    ? { name: 'G', participantIds: [anna, id], metadata: { type: 'DM', z: 1 } }
    : { name: 'G', server_id: SERVER, type: 'DM', participantCentralUserIds: [anna, id], metadata: { z: 1 } };
  const two = isNewer ? { participantIds: [anna, id] } : { targetUserId: id, currentUserId: anna, dmServerId: SERVER };
  const other = (await call('messaging.createChannel', [empty], channelKeys)).id;
  const channel = (await call('messaging.createGroupChannel', [group], channelKeys)).id;
  await call('messaging.getOrCreateDmChannel', [two], channelKeys);
  await call('messaging.getChannelDetails', [channel], channelKeys);
  await call('messaging.getChannelParticipants', [channel], list);
  await call('messaging.addAgentToChannel', [other, id], ['channelId', 'agentId', 'message']);
  await call('messaging.removeAgentFromChannel', [other, id], ['channelId', 'agentId', 'message']);
  await call(`messaging.get${word}Channels`, [SERVER], ['channels']);
  await call('messaging.addUserToChannel', [other, ben], channelKeys);
  await call('messaging.addUsersToChannel', [other, [ben, carl]], channelKeys);
  await call('messaging.removeUserFromChannel', [other, carl], channelKeys);
  await call('messaging.updateChannel', [channel, { name: 'G2', metadata: { q: 1 } }], channelKeys);

  // Messages.
  const submitted = {
    channel_id: channel, server_id: SERVER, message_server_id: SERVER, author_id: id, content: 'hello', source_type: 'agent_response', raw_message: { text: 'hello' },
  };
  const said = await call('messaging.submitMessage', [submitted], ['id', 'channelId', 'authorId', 'content', 'createdAt']);
  await call('messaging.completeMessage', [{ channel_id: channel, server_id: SERVER, message_server_id: SERVER }], nothing);
  const outside = { channel_id: channel, server_id: SERVER, message_server_id: SERVER, author_id: anna, content: 'from outside', source_type: 'test' };
  await call('messaging.ingestExternalMessages', [outside], ['messageId']);
  const answered = async () => (await client.messaging.getChannelMessages(channel)).messages.find((message) => message.content === 'mock reply');
  await until('the agent answers', answered);
  await call('messaging.getChannelMessages', [channel, { limit: 10 }], ({ messages }) => messages.length === 3);
  await call('messaging.generateChannelTitle', [channel, id], ['title', 'channelId']);
  await refused('messaging.postMessage', [channel, 'hi', {}], 400);
  await refused('messaging.getMessage', [said.id], 404);
  await refused('messaging.updateMessage', [said.id, 'x'], 404);
  await refused('messaging.searchMessages', [{ query: 'x' }], 404);

  // What agents did.
  const logs = await call('agents.getAgentLogs', [id, { count: 5 }], (given) => list(given) && given.length === 1);
  await call('agents.deleteAgentLog', [id, logs[0].id], done);
  if (isNewer) {
    const { runs } = await call('runs.listRuns', [id, { limit: 5, status: 'all' }], ['runs', 'total', 'hasMore']);
    await call('runs.getRun', [id, runs[0].runId], ['summary', 'events']);
  }

  // Memory.
  const { memories } = await call('memory.getAgentMemories', [id, { tableName: 'messages' }], ({ memories }) => memories.length === 3);
  const room = memories[0].roomId;
  await call('memory.listAgentRooms', [id], ['rooms']);
  const own = await call('memory.createRoom', [id, { name: 'R' }], ['id', 'agentId', 'worldId', 'createdAt']);
  await call('memory.getRoom', [id, own.id], ['id', 'worldName']);
  await call('memory.getRoomMemories', [id, room, { limit: 5 }], ['memories']);
  await call('memory.getAgentInternalMemories', [id, room, true], ['memories']);
  await call('memory.updateMemory', [id, memories[0].id, { content: { text: 'changed' } }], ['id', 'message']);
  await call('memory.updateAgentInternalMemory', [id, memories[0].id, { content: { text: 'again' } }], ['id', 'message']);
  await call('memory.deleteMemory', [id, memories[0].id], ['message']);
  await call('memory.deleteAgentInternalMemory', [id, memories[1].id], ['message']);
  await call('memory.deleteAllAgentInternalMemories', [id, room], done);
  await call('memory.clearRoomMemories', [id, own.id], done);
  await call('memory.clearAgentMemories', [id], ['deleted', 'message']);
  await call(`memory.createWorldFrom${word}`, [server, { name: 'W', agentIds: [id] }], list);
  await call('memory.clearWorldMemories', [server], done);
  await call('memory.deleteWorld', [server], done);
  await call('memory.deleteGroupMemory', [channel, said.id], done);
  await call('memory.clearGroupChat', [channel], done);

  // Sound and files.
  const sound = wave();
  await call('audio.generateSpeech', [id, { text: 'hi' }], ['audio', 'format']);
  await call('audio.synthesizeAudioMessage', [id, { text: 'hi' }], done);
  await call('audio.transcribe', [id, { audio: sound, format: 'wav' }], ['text']);
  await call('audio.speechConversation', [id, { audio: new Blob([sound], { type: 'audio/wav' }) }], ['text', 'audio']);
  await call('audio.processSpeech', [id, sound, { a: 1 }], ['text', 'audio']);
  const fileKeys = ['url', 'type', 'filename', 'originalName', 'size'];
  await call('media.uploadAgentMedia', [id, { file: new Blob([PNG], { type: 'image/png' }), filename: 'a.png' }], fileKeys);
  await call('media.uploadChannelMedia', [channel, new File([PNG], 'a.png', { type: 'image/png' })], fileKeys);

  // The server.
  await call('server.checkHealth', [], ['status', 'version', 'timestamp', 'dependencies']);
  await call('server.ping', [], ['pong', 'timestamp']);
  await call('server.hello', [], ['message']);
  await call('server.getStatus', [], ['status', 'agentCount', 'timestamp']);
  await call('server.getDebugInfo', [], nothing);
  await call('server.submitLogs', [[{ level: 'info', message: 'x' }]], ['logs', 'count']);
  await call('system.getGlobalLogs', [{ level: 'info', limit: 3 }], ['logs', 'count', 'total', 'level', 'levels']);
  await call('system.updateLocalEnvironment', [{ A: 'b' }], nothing);
  await call('system.getEnvironment', [], ['A']);
  await refused('system.deleteLog', ['x']);

  // Sessions and jobs.
  await call('sessions.checkHealth', [], ['status', 'activeSessions', 'timestamp']);
  const sessionKeys = ['sessionId', 'agentId', 'userId', 'createdAt', 'metadata', 'expiresAt', 'timeoutConfig'];
  const { sessionId } = await call('sessions.createSession', [{ agentId: id, userId: anna, timeoutConfig: { timeoutMinutes: 10 } }], sessionKeys);
  await call('sessions.getSession', [sessionId], [...sessionKeys, 'lastActivity', 'timeRemaining']);
  await call('sessions.sendMessage', [sessionId, { content: 'hello' }], ['id', 'content', 'authorId', 'createdAt', 'metadata']);
  if (isNewer) await call('sessions.sendMessageSync', [sessionId, { content: 'hello' }], nothing);
  await call('sessions.getMessages', [sessionId, { limit: 5, after: '2020-01-01' }], ['messages', 'hasMore']);
  await call('sessions.listSessions', [], ['sessions', 'total']);
  await call('sessions.deleteSession', [sessionId], nothing);
  await refused('sessions.getSession', [sessionId], 404);
  if (isNewer) {
    const asked = { userId: anna, content: 'hello', agentId: id };
    const job = await call('jobs.create', [asked], ['jobId', 'status', 'createdAt', 'expiresAt']);
    await call('jobs.getJob', [job.jobId], ['jobId', 'status', 'prompt']);
    const ends = (given) => given?.success === true && given.job.result.message.content === 'mock reply';
    await call('jobs.poll', [job.jobId, { interval: 100 }], ends);
    await call('jobs.createAndPoll', [asked, { interval: 100 }], ends);
    await call('jobs.createAndPollWithBackoff', [asked, { initialInterval: 100 }], ends);
    await call('jobs.ask', [anna, 'hello', id, { interval: 100 }], (given) => given === 'mock reply');
    await call('jobs.list', [{ limit: 5 }], ['jobs', 'total', 'filtered']);
    await call('jobs.health', [], ['healthy', 'totalJobs', 'statusCounts', 'metrics']);
  }

  // What ends it.
  await call('messaging.deleteMessage', [other, uuid()], done);
  await call('messaging.clearChannelHistory', [other], done);
  await call('messaging.deleteChannel', [other], done);
  const world = (await client.agents.getWorlds()).worlds[0].id;
  await call('agents.updateAgentWorldSettings', [id, world, { a: 1 }], worldKeys);
  await call('agents.stopAgent', [id], ['message']);
  await call('agents.deleteAgent', [id], done);
  await call('server.clearLogs', [], ['status', 'message']);
  await call('system.deleteGlobalLogs', [], ['status', 'message']);
  await call('server.stopServer', [], ['message']);

  for (const [service, one] of Object.entries(client)) {
    for (let kind = Object.getPrototypeOf(one); kind.constructor.name !== 'BaseApiClient' && kind !== Object.prototype; kind = Object.getPrototypeOf(kind)) {
      for (const method of Object.getOwnPropertyNames(kind)) {
        if (!INNER.includes(method) && !called.has(`${service}.${method}`)) faults.push(`${service}.${method} was not called`);
      }
    }
  }
  assert.deepEqual(faults, []);
}
