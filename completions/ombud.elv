
use builtin;
use str;

set edit:completion:arg-completer[ombud] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'ombud'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'ombud'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand run 'Talk with an agent'
            cand oneshot 'Ask once, print the answer, exit'
            cand sessions 'List, show, follow, change and delete sessions'
            cand share 'Make one page of a session that others can replay'
            cand restore 'Bring sessions in order whose process died'
            cand serve 'Open the house over HTTP'
            cand agents 'List, show, add, remove and check agents'
            cand keys 'Make, list and remove keys, which open a server for programs'
            cand users 'Make, list, change and remove accounts of people'
            cand mcp 'List, add, test and remove tool servers (MCP), and offer your agents as one'
            cand trust 'Let the config of a workspace count in full'
            cand config 'Show settings and where they come from'
            cand completions 'Print the completion script of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;run'= {
            cand -s 'Go on with this session'
            cand --session 'Go on with this session'
            cand --session-id 'Give the new session this id; exits 5 when it is in use'
            cand --name 'Give the new session a name'
            cand --tag 'Put a tag on the session; can be given several times'
            cand --instructions 'Tell the agent this beside its own instructions'
            cand --max-turns 'Most calls of the model; exits 8 when they are used up'
            cand --timeout 'Longest run in seconds; exits 124 when they are over'
            cand --allow 'Allow calls of a tool; can be given several times'
            cand --deny 'Deny calls of a tool; can be given several times'
            cand --mcp 'Offer the tools of this tool server (MCP) to the agent; can be given several times'
            cand --busy 'What to do while another run works in the session; default: wait'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand -c 'Go on with the last session of this workspace'
            cand --continue 'Go on with the last session of this workspace'
            cand --no-stdin 'Do not read stdin'
            cand --no-project-instructions 'Do not read AGENTS.md of the workspace as instructions'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;oneshot'= {
            cand -s 'Go on with this session'
            cand --session 'Go on with this session'
            cand --session-id 'Give the new session this id; exits 5 when it is in use'
            cand --name 'Give the new session a name'
            cand --tag 'Put a tag on the session; can be given several times'
            cand --instructions 'Tell the agent this beside its own instructions'
            cand --max-turns 'Most calls of the model; exits 8 when they are used up'
            cand --timeout 'Longest run in seconds; exits 124 when they are over'
            cand --allow 'Allow calls of a tool; can be given several times'
            cand --deny 'Deny calls of a tool; can be given several times'
            cand --mcp 'Offer the tools of this tool server (MCP) to the agent; can be given several times'
            cand --busy 'What to do while another run works in the session; default: wait'
            cand --trigger 'Ask for this procedure of the agent, instead of a prompt'
            cand --argument 'Give the procedure an argument; can be given several times'
            cand --input 'Give the new session an input that its agent declares, as --argument does; can be given several times'
            cand --tool 'Answer calls of a tool of the agent with a command; can be given several times'
            cand -o 'Write the answer to this file instead of stdout'
            cand --output 'Write the answer to this file instead of stdout'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-stdin 'Do not read stdin'
            cand --no-project-instructions 'Do not read AGENTS.md of the workspace as instructions'
            cand --ephemeral 'Keep nothing: the session is gone when the command ends'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;sessions'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List sessions, the newest first'
            cand show 'Show a session and its last messages'
            cand events 'Print the log of a session, one JSON object a line'
            cand tail 'Follow what happens in a session until Ctrl-C'
            cand update 'Change a session''s name, tags or model'
            cand cancel 'Cancel what runs in a session, also in another process'
            cand delete 'Delete sessions with all that they hold'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;sessions;list'= {
            cand --limit 'Most sessions to list'
            cand --after 'Go on after this cursor of the page before'
            cand --tag 'Only sessions with this tag; given several times: with all of them'
            cand --status 'Only sessions that stand so'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;sessions;show'= {
            cand --limit 'Most messages to show'
            cand --before 'Only messages before this cursor'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;sessions;events'= {
            cand --after 'Begin after this cursor; default: at the beginning'
            cand --limit 'Most events to print; default: all'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;sessions;tail'= {
            cand --after 'Begin after this cursor; default: with what happens from now on'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;sessions;update'= {
            cand --name 'Its new name'
            cand --tag 'Put a tag on it; can be given several times'
            cand --untag 'Take a tag off it; can be given several times'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;sessions;cancel'= {
            cand --run 'Only this run; default: all of the session'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;sessions;delete'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;sessions;help'= {
            cand list 'List sessions, the newest first'
            cand show 'Show a session and its last messages'
            cand events 'Print the log of a session, one JSON object a line'
            cand tail 'Follow what happens in a session until Ctrl-C'
            cand update 'Change a session''s name, tags or model'
            cand cancel 'Cancel what runs in a session, also in another process'
            cand delete 'Delete sessions with all that they hold'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;sessions;help;list'= {
        }
        &'ombud;sessions;help;show'= {
        }
        &'ombud;sessions;help;events'= {
        }
        &'ombud;sessions;help;tail'= {
        }
        &'ombud;sessions;help;update'= {
        }
        &'ombud;sessions;help;cancel'= {
        }
        &'ombud;sessions;help;delete'= {
        }
        &'ombud;sessions;help;help'= {
        }
        &'ombud;share'= {
            cand -o 'Write the page into this file, and upload nothing; `-`: to standard output'
            cand --output 'Write the page into this file, and upload nothing; `-`: to standard output'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;restore'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --resume 'Go on with the interrupted runs instead of closing them'
            cand -y 'Replace the history of a session that exists without asking'
            cand --yes 'Replace the history of a session that exists without asking'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;serve'= {
            cand --host 'The address to listen on; default: 127.0.0.1'
            cand --port 'The port to listen on; 0: any that is free; default: 3000'
            cand --dialects 'The APIs to serve, separated by commas; default: all'
            cand --token 'The token that opens every door; better: --token-file'
            cand --token-file 'Read the token from this file'
            cand --allow 'Allow calls of a tool; can be given several times'
            cand --deny 'Deny calls of a tool; can be given several times'
            cand --webui 'Serve the web interface in this folder instead of the console'
            cand --tls-cert 'Serve TLS with this certificate (PEM)'
            cand --tls-key 'The private key of the certificate (PEM)'
            cand --drain 'How long runs may take to end when the server is told to; default: 30s'
            cand --log-format 'The form of log lines: text or json; default: text'
            cand --ready-fd 'Write a line to this file descriptor when the server is ready'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-auth 'Let everybody in who reaches the address, to do everything'
            cand --allow-local-admin 'Let programs of this machine do everything without a token'
            cand --exclusive 'Let only one run work at a time'
            cand --print-routes 'Print every route with its API and who may use it, and exit'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;agents'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List the agents that there are, of the configuration and of the store'
            cand show 'Show the definition of an agent as TOML, or with --format json all that is known of it'
            cand add 'Check a definition and keep it in the store'
            cand remove 'Remove an agent from the store'
            cand validate 'Check definitions; exits 2 when one of them is wrong'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;agents;list'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;agents;show'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;agents;add'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --user 'Keep it beside your config file instead'
            cand --project 'Keep it in .ombud/agents of the workspace instead'
            cand --force 'Replace the definition of an agent of this name'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;agents;remove'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;agents;validate'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;agents;help'= {
            cand list 'List the agents that there are, of the configuration and of the store'
            cand show 'Show the definition of an agent as TOML, or with --format json all that is known of it'
            cand add 'Check a definition and keep it in the store'
            cand remove 'Remove an agent from the store'
            cand validate 'Check definitions; exits 2 when one of them is wrong'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;agents;help;list'= {
        }
        &'ombud;agents;help;show'= {
        }
        &'ombud;agents;help;add'= {
        }
        &'ombud;agents;help;remove'= {
        }
        &'ombud;agents;help;validate'= {
        }
        &'ombud;agents;help;help'= {
        }
        &'ombud;keys'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand add 'Make a key for programs, and print it'
            cand list 'List the keys that there are, without their words'
            cand remove 'Take a key away, with all tokens that it minted'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;keys;add'= {
            cand --permission 'What it lets its holder do; default: sessions'
            cand --expires 'How long it counts, such as 12h, 90d or 52w; default: until it is removed'
            cand --doors 'The APIs that it opens, by name, or `all`; default: octavus'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --admin 'Let its holder administer the server: run commands, choose folders, make keys'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;keys;list'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;keys;remove'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;keys;help'= {
            cand add 'Make a key for programs, and print it'
            cand list 'List the keys that there are, without their words'
            cand remove 'Take a key away, with all tokens that it minted'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;keys;help;add'= {
        }
        &'ombud;keys;help;list'= {
        }
        &'ombud;keys;help;remove'= {
        }
        &'ombud;keys;help;help'= {
        }
        &'ombud;users'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand add 'Make an account'
            cand list 'List the accounts that there are'
            cand update 'Change role or address of an account'
            cand passwd 'Set a new password; all tokens of the user end'
            cand remove 'Remove an account; its tokens end'
            cand token 'Sign a token for an account and print it, for programs that cannot log in'
            cand rotate-key 'Let a new key sign tokens from now on'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;users;add'= {
            cand --role 'What they may do'
            cand --email 'Their address'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --password-stdin 'Read the password from standard input, a line or all of it'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;users;list'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;users;update'= {
            cand --role 'What they may do'
            cand --email 'Their address; empty = none'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;users;passwd'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --password-stdin 'Read the password from standard input, a line or all of it'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;users;remove'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;users;token'= {
            cand --ttl 'Seconds that it counts, at most a year; default: 3600'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;users;rotate-key'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --end-all 'End all tokens of all users now'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;users;help'= {
            cand add 'Make an account'
            cand list 'List the accounts that there are'
            cand update 'Change role or address of an account'
            cand passwd 'Set a new password; all tokens of the user end'
            cand remove 'Remove an account; its tokens end'
            cand token 'Sign a token for an account and print it, for programs that cannot log in'
            cand rotate-key 'Let a new key sign tokens from now on'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;users;help;add'= {
        }
        &'ombud;users;help;list'= {
        }
        &'ombud;users;help;update'= {
        }
        &'ombud;users;help;passwd'= {
        }
        &'ombud;users;help;remove'= {
        }
        &'ombud;users;help;token'= {
        }
        &'ombud;users;help;rotate-key'= {
        }
        &'ombud;users;help;help'= {
        }
        &'ombud;mcp'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List the tool servers that there are, of the configuration and of the store'
            cand add 'Add a tool server to the store'
            cand remove 'Remove a tool server from the store, with its secrets and the folder that it worked in'
            cand test 'Start a tool server, show the tools that it offers, and stop it again'
            cand start 'Start a tool server in a server, now and whenever that starts'
            cand stop 'Stop a tool server in a server'
            cand restart 'Stop a tool server in a server, and start it again'
            cand logs 'Show the newest lines that a tool server wrote in a server, and what was done with it'
            cand serve 'Let MCP clients ask your agents and read your sessions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;mcp;list'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;add'= {
            cand --url 'The address of one that is spoken to over streamable HTTP'
            cand --env 'A variable that the program gets; can be given several times'
            cand --header 'A header of every request; can be given several times'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --only-named 'Offer its tools only to agents that name it'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;remove'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;test'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;start'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;stop'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;restart'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;logs'= {
            cand --limit 'Most lines'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;serve'= {
            cand --http 'Serve over HTTP at this address instead of standard input and output'
            cand --token-file 'Read the token that opens it over HTTP from this file'
            cand --allow 'Allow calls of a tool; can be given several times'
            cand --deny 'Deny calls of a tool; can be given several times'
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-auth 'Let everybody in who reaches the address, to do everything'
            cand --allow-local-admin 'Let programs of this machine do everything over HTTP without a token'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;mcp;help'= {
            cand list 'List the tool servers that there are, of the configuration and of the store'
            cand add 'Add a tool server to the store'
            cand remove 'Remove a tool server from the store, with its secrets and the folder that it worked in'
            cand test 'Start a tool server, show the tools that it offers, and stop it again'
            cand start 'Start a tool server in a server, now and whenever that starts'
            cand stop 'Stop a tool server in a server'
            cand restart 'Stop a tool server in a server, and start it again'
            cand logs 'Show the newest lines that a tool server wrote in a server, and what was done with it'
            cand serve 'Let MCP clients ask your agents and read your sessions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;mcp;help;list'= {
        }
        &'ombud;mcp;help;add'= {
        }
        &'ombud;mcp;help;remove'= {
        }
        &'ombud;mcp;help;test'= {
        }
        &'ombud;mcp;help;start'= {
        }
        &'ombud;mcp;help;stop'= {
        }
        &'ombud;mcp;help;restart'= {
        }
        &'ombud;mcp;help;logs'= {
        }
        &'ombud;mcp;help;serve'= {
        }
        &'ombud;mcp;help;help'= {
        }
        &'ombud;trust'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand --remove 'Trust the workspace no longer'
            cand --list 'List the folders that are trusted'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;config'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand show 'Show every setting with its value and its source'
            cand path 'Show where files are read from'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;config;show'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;config;path'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;config;help'= {
            cand show 'Show every setting with its value and its source'
            cand path 'Show where files are read from'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;config;help;show'= {
        }
        &'ombud;config;help;path'= {
        }
        &'ombud;config;help;help'= {
        }
        &'ombud;completions'= {
            cand --config 'Read this config file instead of the user''s'
            cand --store 'Keep sessions here: memory:, file:DIR or sqlite:PATH'
            cand -C 'Work in this folder; default: the current one'
            cand --workspace 'Work in this folder; default: the current one'
            cand -a 'The agent; default: `default`'
            cand --agent 'The agent; default: `default`'
            cand -m 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --model 'The model, such as openai/gpt-5-mini or offline/rules'
            cand --server 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000'
            cand --server-token-file 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN'
            cand --format 'The form of the output; default: text'
            cand --color 'When to use colours; default: auto'
            cand --no-input 'Ask nothing, also on a terminal'
            cand --bare 'Ignore the config files of user and project'
            cand -v 'Tell more on stderr; twice for even more'
            cand --verbose 'Tell more on stderr; twice for even more'
            cand -q 'Tell nothing but errors on stderr'
            cand --quiet 'Tell nothing but errors on stderr'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ombud;help'= {
            cand run 'Talk with an agent'
            cand oneshot 'Ask once, print the answer, exit'
            cand sessions 'List, show, follow, change and delete sessions'
            cand share 'Make one page of a session that others can replay'
            cand restore 'Bring sessions in order whose process died'
            cand serve 'Open the house over HTTP'
            cand agents 'List, show, add, remove and check agents'
            cand keys 'Make, list and remove keys, which open a server for programs'
            cand users 'Make, list, change and remove accounts of people'
            cand mcp 'List, add, test and remove tool servers (MCP), and offer your agents as one'
            cand trust 'Let the config of a workspace count in full'
            cand config 'Show settings and where they come from'
            cand completions 'Print the completion script of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ombud;help;run'= {
        }
        &'ombud;help;oneshot'= {
        }
        &'ombud;help;sessions'= {
            cand list 'List sessions, the newest first'
            cand show 'Show a session and its last messages'
            cand events 'Print the log of a session, one JSON object a line'
            cand tail 'Follow what happens in a session until Ctrl-C'
            cand update 'Change a session''s name, tags or model'
            cand cancel 'Cancel what runs in a session, also in another process'
            cand delete 'Delete sessions with all that they hold'
        }
        &'ombud;help;sessions;list'= {
        }
        &'ombud;help;sessions;show'= {
        }
        &'ombud;help;sessions;events'= {
        }
        &'ombud;help;sessions;tail'= {
        }
        &'ombud;help;sessions;update'= {
        }
        &'ombud;help;sessions;cancel'= {
        }
        &'ombud;help;sessions;delete'= {
        }
        &'ombud;help;share'= {
        }
        &'ombud;help;restore'= {
        }
        &'ombud;help;serve'= {
        }
        &'ombud;help;agents'= {
            cand list 'List the agents that there are, of the configuration and of the store'
            cand show 'Show the definition of an agent as TOML, or with --format json all that is known of it'
            cand add 'Check a definition and keep it in the store'
            cand remove 'Remove an agent from the store'
            cand validate 'Check definitions; exits 2 when one of them is wrong'
        }
        &'ombud;help;agents;list'= {
        }
        &'ombud;help;agents;show'= {
        }
        &'ombud;help;agents;add'= {
        }
        &'ombud;help;agents;remove'= {
        }
        &'ombud;help;agents;validate'= {
        }
        &'ombud;help;keys'= {
            cand add 'Make a key for programs, and print it'
            cand list 'List the keys that there are, without their words'
            cand remove 'Take a key away, with all tokens that it minted'
        }
        &'ombud;help;keys;add'= {
        }
        &'ombud;help;keys;list'= {
        }
        &'ombud;help;keys;remove'= {
        }
        &'ombud;help;users'= {
            cand add 'Make an account'
            cand list 'List the accounts that there are'
            cand update 'Change role or address of an account'
            cand passwd 'Set a new password; all tokens of the user end'
            cand remove 'Remove an account; its tokens end'
            cand token 'Sign a token for an account and print it, for programs that cannot log in'
            cand rotate-key 'Let a new key sign tokens from now on'
        }
        &'ombud;help;users;add'= {
        }
        &'ombud;help;users;list'= {
        }
        &'ombud;help;users;update'= {
        }
        &'ombud;help;users;passwd'= {
        }
        &'ombud;help;users;remove'= {
        }
        &'ombud;help;users;token'= {
        }
        &'ombud;help;users;rotate-key'= {
        }
        &'ombud;help;mcp'= {
            cand list 'List the tool servers that there are, of the configuration and of the store'
            cand add 'Add a tool server to the store'
            cand remove 'Remove a tool server from the store, with its secrets and the folder that it worked in'
            cand test 'Start a tool server, show the tools that it offers, and stop it again'
            cand start 'Start a tool server in a server, now and whenever that starts'
            cand stop 'Stop a tool server in a server'
            cand restart 'Stop a tool server in a server, and start it again'
            cand logs 'Show the newest lines that a tool server wrote in a server, and what was done with it'
            cand serve 'Let MCP clients ask your agents and read your sessions'
        }
        &'ombud;help;mcp;list'= {
        }
        &'ombud;help;mcp;add'= {
        }
        &'ombud;help;mcp;remove'= {
        }
        &'ombud;help;mcp;test'= {
        }
        &'ombud;help;mcp;start'= {
        }
        &'ombud;help;mcp;stop'= {
        }
        &'ombud;help;mcp;restart'= {
        }
        &'ombud;help;mcp;logs'= {
        }
        &'ombud;help;mcp;serve'= {
        }
        &'ombud;help;trust'= {
        }
        &'ombud;help;config'= {
            cand show 'Show every setting with its value and its source'
            cand path 'Show where files are read from'
        }
        &'ombud;help;config;show'= {
        }
        &'ombud;help;config;path'= {
        }
        &'ombud;help;completions'= {
        }
        &'ombud;help;help'= {
        }
    ]
    $completions[$command]
}
