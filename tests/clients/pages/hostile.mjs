// Texts that would do something if a page took them for more than text. Each one that comes to life sets `window.alive`,
// or asks another host.

/** In messages, results of tools, names. */
export const HOSTILE = [
  '<script>window.alive = "script"</script>',
  '</script><script>window.alive = "end of the data"</script>',
  '<img src=x onerror="window.alive = \'img\'">',
  '<svg onload="window.alive = \'svg\'"></svg>',
  '<iframe srcdoc="<script>parent.alive = 1</script>"></iframe>',
  '[a trap](javascript:window.alive="link")',
  '[another](data:text/html,<script>alert(1)</script>)',
  '![a pixel](https://tracker.example/pixel.png)',
  '<https://evil.example/"onmouseover="window.alive=1">',
  '<!-- <script> \u2028 --> ]]> {script} {session}',
];

/** Keys that were planted: none of them may be found in a page. */
export const KEYS = {
  pattern: `sk-${'proj'}-${'A1b2C3d4E5f6G7h8J9k0'.repeat(2)}`,
  github: `ghp_${'x9Y8z7W6v5U4t3S2r1Q0'.repeat(2).slice(0, 36)}`,
};
