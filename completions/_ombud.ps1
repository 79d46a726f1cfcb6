
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'ombud' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'ombud'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'ombud' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Talk with an agent')
            [CompletionResult]::new('oneshot', 'oneshot', [CompletionResultType]::ParameterValue, 'Ask once, print the answer, exit')
            [CompletionResult]::new('sessions', 'sessions', [CompletionResultType]::ParameterValue, 'List, show, follow, change and delete sessions')
            [CompletionResult]::new('share', 'share', [CompletionResultType]::ParameterValue, 'Make one page of a session that others can replay')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Bring sessions in order whose process died')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Open the house over HTTP')
            [CompletionResult]::new('agents', 'agents', [CompletionResultType]::ParameterValue, 'List, show, add, remove and check agents')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'Make, list and remove keys, which open a server for programs')
            [CompletionResult]::new('users', 'users', [CompletionResultType]::ParameterValue, 'Make, list, change and remove accounts of people')
            [CompletionResult]::new('mcp', 'mcp', [CompletionResultType]::ParameterValue, 'List, add, test and remove tool servers (MCP), and offer your agents as one')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Let the config of a workspace count in full')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show settings and where they come from')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;run' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Go on with this session')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Go on with this session')
            [CompletionResult]::new('--session-id', '--session-id', [CompletionResultType]::ParameterName, 'Give the new session this id; exits 5 when it is in use')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Give the new session a name')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Put a tag on the session; can be given several times')
            [CompletionResult]::new('--instructions', '--instructions', [CompletionResultType]::ParameterName, 'Tell the agent this beside its own instructions')
            [CompletionResult]::new('--max-turns', '--max-turns', [CompletionResultType]::ParameterName, 'Most calls of the model; exits 8 when they are used up')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest run in seconds; exits 124 when they are over')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Allow calls of a tool; can be given several times')
            [CompletionResult]::new('--deny', '--deny', [CompletionResultType]::ParameterName, 'Deny calls of a tool; can be given several times')
            [CompletionResult]::new('--mcp', '--mcp', [CompletionResultType]::ParameterName, 'Offer the tools of this tool server (MCP) to the agent; can be given several times')
            [CompletionResult]::new('--busy', '--busy', [CompletionResultType]::ParameterName, 'What to do while another run works in the session; default: wait')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Go on with the last session of this workspace')
            [CompletionResult]::new('--continue', '--continue', [CompletionResultType]::ParameterName, 'Go on with the last session of this workspace')
            [CompletionResult]::new('--no-stdin', '--no-stdin', [CompletionResultType]::ParameterName, 'Do not read stdin')
            [CompletionResult]::new('--no-project-instructions', '--no-project-instructions', [CompletionResultType]::ParameterName, 'Do not read AGENTS.md of the workspace as instructions')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;oneshot' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Go on with this session')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Go on with this session')
            [CompletionResult]::new('--session-id', '--session-id', [CompletionResultType]::ParameterName, 'Give the new session this id; exits 5 when it is in use')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Give the new session a name')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Put a tag on the session; can be given several times')
            [CompletionResult]::new('--instructions', '--instructions', [CompletionResultType]::ParameterName, 'Tell the agent this beside its own instructions')
            [CompletionResult]::new('--max-turns', '--max-turns', [CompletionResultType]::ParameterName, 'Most calls of the model; exits 8 when they are used up')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest run in seconds; exits 124 when they are over')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Allow calls of a tool; can be given several times')
            [CompletionResult]::new('--deny', '--deny', [CompletionResultType]::ParameterName, 'Deny calls of a tool; can be given several times')
            [CompletionResult]::new('--mcp', '--mcp', [CompletionResultType]::ParameterName, 'Offer the tools of this tool server (MCP) to the agent; can be given several times')
            [CompletionResult]::new('--busy', '--busy', [CompletionResultType]::ParameterName, 'What to do while another run works in the session; default: wait')
            [CompletionResult]::new('--trigger', '--trigger', [CompletionResultType]::ParameterName, 'Ask for this procedure of the agent, instead of a prompt')
            [CompletionResult]::new('--argument', '--argument', [CompletionResultType]::ParameterName, 'Give the procedure an argument; can be given several times')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Give the new session an input that its agent declares, as --argument does; can be given several times')
            [CompletionResult]::new('--tool', '--tool', [CompletionResultType]::ParameterName, 'Answer calls of a tool of the agent with a command; can be given several times')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the answer to this file instead of stdout')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the answer to this file instead of stdout')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-stdin', '--no-stdin', [CompletionResultType]::ParameterName, 'Do not read stdin')
            [CompletionResult]::new('--no-project-instructions', '--no-project-instructions', [CompletionResultType]::ParameterName, 'Do not read AGENTS.md of the workspace as instructions')
            [CompletionResult]::new('--ephemeral', '--ephemeral', [CompletionResultType]::ParameterName, 'Keep nothing: the session is gone when the command ends')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;sessions' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List sessions, the newest first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a session and its last messages')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'Print the log of a session, one JSON object a line')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Follow what happens in a session until Ctrl-C')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change a session''s name, tags or model')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'Cancel what runs in a session, also in another process')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete sessions with all that they hold')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;sessions;list' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most sessions to list')
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Go on after this cursor of the page before')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only sessions with this tag; given several times: with all of them')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only sessions that stand so')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;sessions;show' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most messages to show')
            [CompletionResult]::new('--before', '--before', [CompletionResultType]::ParameterName, 'Only messages before this cursor')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;sessions;events' {
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Begin after this cursor; default: at the beginning')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most events to print; default: all')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;sessions;tail' {
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Begin after this cursor; default: with what happens from now on')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;sessions;update' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Its new name')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Put a tag on it; can be given several times')
            [CompletionResult]::new('--untag', '--untag', [CompletionResultType]::ParameterName, 'Take a tag off it; can be given several times')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;sessions;cancel' {
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'Only this run; default: all of the session')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;sessions;delete' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;sessions;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List sessions, the newest first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a session and its last messages')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'Print the log of a session, one JSON object a line')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Follow what happens in a session until Ctrl-C')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change a session''s name, tags or model')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'Cancel what runs in a session, also in another process')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete sessions with all that they hold')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;sessions;help;list' {
            break
        }
        'ombud;sessions;help;show' {
            break
        }
        'ombud;sessions;help;events' {
            break
        }
        'ombud;sessions;help;tail' {
            break
        }
        'ombud;sessions;help;update' {
            break
        }
        'ombud;sessions;help;cancel' {
            break
        }
        'ombud;sessions;help;delete' {
            break
        }
        'ombud;sessions;help;help' {
            break
        }
        'ombud;share' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the page into this file, and upload nothing; `-`: to standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the page into this file, and upload nothing; `-`: to standard output')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;restore' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Go on with the interrupted runs instead of closing them')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Replace the history of a session that exists without asking')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Replace the history of a session that exists without asking')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;serve' {
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The address to listen on; default: 127.0.0.1')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port to listen on; 0: any that is free; default: 3000')
            [CompletionResult]::new('--dialects', '--dialects', [CompletionResultType]::ParameterName, 'The APIs to serve, separated by commas; default: all')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'The token that opens every door; better: --token-file')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the token from this file')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Allow calls of a tool; can be given several times')
            [CompletionResult]::new('--deny', '--deny', [CompletionResultType]::ParameterName, 'Deny calls of a tool; can be given several times')
            [CompletionResult]::new('--webui', '--webui', [CompletionResultType]::ParameterName, 'Serve the web interface in this folder instead of the console')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'Serve TLS with this certificate (PEM)')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'The private key of the certificate (PEM)')
            [CompletionResult]::new('--drain', '--drain', [CompletionResultType]::ParameterName, 'How long runs may take to end when the server is told to; default: 30s')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'The form of log lines: text or json; default: text')
            [CompletionResult]::new('--ready-fd', '--ready-fd', [CompletionResultType]::ParameterName, 'Write a line to this file descriptor when the server is ready')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-auth', '--no-auth', [CompletionResultType]::ParameterName, 'Let everybody in who reaches the address, to do everything')
            [CompletionResult]::new('--allow-local-admin', '--allow-local-admin', [CompletionResultType]::ParameterName, 'Let programs of this machine do everything without a token')
            [CompletionResult]::new('--exclusive', '--exclusive', [CompletionResultType]::ParameterName, 'Let only one run work at a time')
            [CompletionResult]::new('--print-routes', '--print-routes', [CompletionResultType]::ParameterName, 'Print every route with its API and who may use it, and exit')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;agents' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the agents that there are, of the configuration and of the store')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the definition of an agent as TOML, or with --format json all that is known of it')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Check a definition and keep it in the store')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove an agent from the store')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check definitions; exits 2 when one of them is wrong')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;agents;list' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;agents;show' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;agents;add' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Keep it beside your config file instead')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Keep it in .ombud/agents of the workspace instead')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace the definition of an agent of this name')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;agents;remove' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;agents;validate' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;agents;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the agents that there are, of the configuration and of the store')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the definition of an agent as TOML, or with --format json all that is known of it')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Check a definition and keep it in the store')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove an agent from the store')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check definitions; exits 2 when one of them is wrong')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;agents;help;list' {
            break
        }
        'ombud;agents;help;show' {
            break
        }
        'ombud;agents;help;add' {
            break
        }
        'ombud;agents;help;remove' {
            break
        }
        'ombud;agents;help;validate' {
            break
        }
        'ombud;agents;help;help' {
            break
        }
        'ombud;keys' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Make a key for programs, and print it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys that there are, without their words')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take a key away, with all tokens that it minted')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;keys;add' {
            [CompletionResult]::new('--permission', '--permission', [CompletionResultType]::ParameterName, 'What it lets its holder do; default: sessions')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'How long it counts, such as 12h, 90d or 52w; default: until it is removed')
            [CompletionResult]::new('--doors', '--doors', [CompletionResultType]::ParameterName, 'The APIs that it opens, by name, or `all`; default: octavus')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--admin', '--admin', [CompletionResultType]::ParameterName, 'Let its holder administer the server: run commands, choose folders, make keys')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;keys;list' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;keys;remove' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;keys;help' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Make a key for programs, and print it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys that there are, without their words')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take a key away, with all tokens that it minted')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;keys;help;add' {
            break
        }
        'ombud;keys;help;list' {
            break
        }
        'ombud;keys;help;remove' {
            break
        }
        'ombud;keys;help;help' {
            break
        }
        'ombud;users' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Make an account')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the accounts that there are')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change role or address of an account')
            [CompletionResult]::new('passwd', 'passwd', [CompletionResultType]::ParameterValue, 'Set a new password; all tokens of the user end')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove an account; its tokens end')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Sign a token for an account and print it, for programs that cannot log in')
            [CompletionResult]::new('rotate-key', 'rotate-key', [CompletionResultType]::ParameterValue, 'Let a new key sign tokens from now on')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;users;add' {
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'What they may do')
            [CompletionResult]::new('--email', '--email', [CompletionResultType]::ParameterName, 'Their address')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password from standard input, a line or all of it')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;users;list' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;users;update' {
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'What they may do')
            [CompletionResult]::new('--email', '--email', [CompletionResultType]::ParameterName, 'Their address; empty = none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;users;passwd' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password from standard input, a line or all of it')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;users;remove' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;users;token' {
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Seconds that it counts, at most a year; default: 3600')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;users;rotate-key' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--end-all', '--end-all', [CompletionResultType]::ParameterName, 'End all tokens of all users now')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;users;help' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Make an account')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the accounts that there are')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change role or address of an account')
            [CompletionResult]::new('passwd', 'passwd', [CompletionResultType]::ParameterValue, 'Set a new password; all tokens of the user end')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove an account; its tokens end')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Sign a token for an account and print it, for programs that cannot log in')
            [CompletionResult]::new('rotate-key', 'rotate-key', [CompletionResultType]::ParameterValue, 'Let a new key sign tokens from now on')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;users;help;add' {
            break
        }
        'ombud;users;help;list' {
            break
        }
        'ombud;users;help;update' {
            break
        }
        'ombud;users;help;passwd' {
            break
        }
        'ombud;users;help;remove' {
            break
        }
        'ombud;users;help;token' {
            break
        }
        'ombud;users;help;rotate-key' {
            break
        }
        'ombud;users;help;help' {
            break
        }
        'ombud;mcp' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the tool servers that there are, of the configuration and of the store')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a tool server to the store')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a tool server from the store, with its secrets and the folder that it worked in')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Start a tool server, show the tools that it offers, and stop it again')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start a tool server in a server, now and whenever that starts')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop a tool server in a server')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop a tool server in a server, and start it again')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show the newest lines that a tool server wrote in a server, and what was done with it')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Let MCP clients ask your agents and read your sessions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;mcp;list' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;add' {
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The address of one that is spoken to over streamable HTTP')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'A variable that the program gets; can be given several times')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header of every request; can be given several times')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--only-named', '--only-named', [CompletionResultType]::ParameterName, 'Offer its tools only to agents that name it')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;remove' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;test' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;start' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;stop' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;restart' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;logs' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most lines')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;serve' {
            [CompletionResult]::new('--http', '--http', [CompletionResultType]::ParameterName, 'Serve over HTTP at this address instead of standard input and output')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the token that opens it over HTTP from this file')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Allow calls of a tool; can be given several times')
            [CompletionResult]::new('--deny', '--deny', [CompletionResultType]::ParameterName, 'Deny calls of a tool; can be given several times')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-auth', '--no-auth', [CompletionResultType]::ParameterName, 'Let everybody in who reaches the address, to do everything')
            [CompletionResult]::new('--allow-local-admin', '--allow-local-admin', [CompletionResultType]::ParameterName, 'Let programs of this machine do everything over HTTP without a token')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;mcp;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the tool servers that there are, of the configuration and of the store')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a tool server to the store')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a tool server from the store, with its secrets and the folder that it worked in')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Start a tool server, show the tools that it offers, and stop it again')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start a tool server in a server, now and whenever that starts')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop a tool server in a server')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop a tool server in a server, and start it again')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show the newest lines that a tool server wrote in a server, and what was done with it')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Let MCP clients ask your agents and read your sessions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;mcp;help;list' {
            break
        }
        'ombud;mcp;help;add' {
            break
        }
        'ombud;mcp;help;remove' {
            break
        }
        'ombud;mcp;help;test' {
            break
        }
        'ombud;mcp;help;start' {
            break
        }
        'ombud;mcp;help;stop' {
            break
        }
        'ombud;mcp;help;restart' {
            break
        }
        'ombud;mcp;help;logs' {
            break
        }
        'ombud;mcp;help;serve' {
            break
        }
        'ombud;mcp;help;help' {
            break
        }
        'ombud;trust' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Trust the workspace no longer')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the folders that are trusted')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;config' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every setting with its value and its source')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Show where files are read from')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;config;show' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;config;path' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;config;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every setting with its value and its source')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Show where files are read from')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;config;help;show' {
            break
        }
        'ombud;config;help;path' {
            break
        }
        'ombud;config;help;help' {
            break
        }
        'ombud;completions' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file instead of the user''s')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Keep sessions here: memory:, file:DIR or sqlite:PATH')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Work in this folder; default: the current one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent; default: `default`')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model, such as openai/gpt-5-mini or offline/rules')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000')
            [CompletionResult]::new('--server-token-file', '--server-token-file', [CompletionResultType]::ParameterName, 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the output; default: text')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; default: auto')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing, also on a terminal')
            [CompletionResult]::new('--bare', '--bare', [CompletionResultType]::ParameterName, 'Ignore the config files of user and project')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on stderr; twice for even more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell nothing but errors on stderr')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ombud;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Talk with an agent')
            [CompletionResult]::new('oneshot', 'oneshot', [CompletionResultType]::ParameterValue, 'Ask once, print the answer, exit')
            [CompletionResult]::new('sessions', 'sessions', [CompletionResultType]::ParameterValue, 'List, show, follow, change and delete sessions')
            [CompletionResult]::new('share', 'share', [CompletionResultType]::ParameterValue, 'Make one page of a session that others can replay')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Bring sessions in order whose process died')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Open the house over HTTP')
            [CompletionResult]::new('agents', 'agents', [CompletionResultType]::ParameterValue, 'List, show, add, remove and check agents')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'Make, list and remove keys, which open a server for programs')
            [CompletionResult]::new('users', 'users', [CompletionResultType]::ParameterValue, 'Make, list, change and remove accounts of people')
            [CompletionResult]::new('mcp', 'mcp', [CompletionResultType]::ParameterValue, 'List, add, test and remove tool servers (MCP), and offer your agents as one')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Let the config of a workspace count in full')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show settings and where they come from')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ombud;help;run' {
            break
        }
        'ombud;help;oneshot' {
            break
        }
        'ombud;help;sessions' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List sessions, the newest first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a session and its last messages')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'Print the log of a session, one JSON object a line')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Follow what happens in a session until Ctrl-C')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change a session''s name, tags or model')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'Cancel what runs in a session, also in another process')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete sessions with all that they hold')
            break
        }
        'ombud;help;sessions;list' {
            break
        }
        'ombud;help;sessions;show' {
            break
        }
        'ombud;help;sessions;events' {
            break
        }
        'ombud;help;sessions;tail' {
            break
        }
        'ombud;help;sessions;update' {
            break
        }
        'ombud;help;sessions;cancel' {
            break
        }
        'ombud;help;sessions;delete' {
            break
        }
        'ombud;help;share' {
            break
        }
        'ombud;help;restore' {
            break
        }
        'ombud;help;serve' {
            break
        }
        'ombud;help;agents' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the agents that there are, of the configuration and of the store')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the definition of an agent as TOML, or with --format json all that is known of it')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Check a definition and keep it in the store')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove an agent from the store')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check definitions; exits 2 when one of them is wrong')
            break
        }
        'ombud;help;agents;list' {
            break
        }
        'ombud;help;agents;show' {
            break
        }
        'ombud;help;agents;add' {
            break
        }
        'ombud;help;agents;remove' {
            break
        }
        'ombud;help;agents;validate' {
            break
        }
        'ombud;help;keys' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Make a key for programs, and print it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys that there are, without their words')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take a key away, with all tokens that it minted')
            break
        }
        'ombud;help;keys;add' {
            break
        }
        'ombud;help;keys;list' {
            break
        }
        'ombud;help;keys;remove' {
            break
        }
        'ombud;help;users' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Make an account')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the accounts that there are')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change role or address of an account')
            [CompletionResult]::new('passwd', 'passwd', [CompletionResultType]::ParameterValue, 'Set a new password; all tokens of the user end')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove an account; its tokens end')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Sign a token for an account and print it, for programs that cannot log in')
            [CompletionResult]::new('rotate-key', 'rotate-key', [CompletionResultType]::ParameterValue, 'Let a new key sign tokens from now on')
            break
        }
        'ombud;help;users;add' {
            break
        }
        'ombud;help;users;list' {
            break
        }
        'ombud;help;users;update' {
            break
        }
        'ombud;help;users;passwd' {
            break
        }
        'ombud;help;users;remove' {
            break
        }
        'ombud;help;users;token' {
            break
        }
        'ombud;help;users;rotate-key' {
            break
        }
        'ombud;help;mcp' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the tool servers that there are, of the configuration and of the store')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a tool server to the store')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a tool server from the store, with its secrets and the folder that it worked in')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Start a tool server, show the tools that it offers, and stop it again')
            [CompletionResult]::new('start', 'start', [CompletionResultType]::ParameterValue, 'Start a tool server in a server, now and whenever that starts')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop a tool server in a server')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Stop a tool server in a server, and start it again')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show the newest lines that a tool server wrote in a server, and what was done with it')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Let MCP clients ask your agents and read your sessions')
            break
        }
        'ombud;help;mcp;list' {
            break
        }
        'ombud;help;mcp;add' {
            break
        }
        'ombud;help;mcp;remove' {
            break
        }
        'ombud;help;mcp;test' {
            break
        }
        'ombud;help;mcp;start' {
            break
        }
        'ombud;help;mcp;stop' {
            break
        }
        'ombud;help;mcp;restart' {
            break
        }
        'ombud;help;mcp;logs' {
            break
        }
        'ombud;help;mcp;serve' {
            break
        }
        'ombud;help;trust' {
            break
        }
        'ombud;help;config' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every setting with its value and its source')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Show where files are read from')
            break
        }
        'ombud;help;config;show' {
            break
        }
        'ombud;help;config;path' {
            break
        }
        'ombud;help;completions' {
            break
        }
        'ombud;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
