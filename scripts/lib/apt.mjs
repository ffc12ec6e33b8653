// Installs Debian packages, as root or through sudo; where neither works, says which command to run.
import { ask, run, which } from './run.mjs';
import { StepFailed } from './steps.mjs';

export const hasApt = () => process.platform === 'linux' && Boolean(which('apt-get'));

const isInstalled = (name) =>
  ask('dpkg-query', '-W', '-f', '${Status}', name) === 'install ok installed';

/** The version that apt would install, without epoch and Debian's revision; undefined where there is none. */
export const candidate = (name) =>
  ask('apt-cache', 'policy', name)?.match(/Candidate: (?:\d+:)?([\d.]+)/)?.[1];

/** Installs those of `names` that are not there yet. */
export async function aptInstall(names, why) {
  const wanted = names.filter((name) => !isInstalled(name));
  if (wanted.length === 0) return;
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...wanted];
  if (!hasApt())
    throw new StepFailed(
      `${wanted.join(', ')}: needed (${why}), and there is no apt-get to install it`,
    );
  const asRoot =
    process.getuid() === 0
      ? []
      : which('sudo') && ask('sudo', '-n', 'true') !== undefined
        ? ['sudo', '-n']
        : null;
  if (!asRoot)
    throw new StepFailed(
      `${why}: please run this as root, then start again:\n\n  sudo ${command.join(' ')}\n`,
    );
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (log, ...args) => run([...asRoot, ...args], { log, env });
  if (wanted.some((name) => !candidate(name))) await apt('apt-update', 'apt-get', 'update');
  try {
    await apt('apt-install', ...command);
  } catch {
    // The package lists may be older than the mirror.
    await apt('apt-update', 'apt-get', 'update');
    await apt('apt-install', ...command);
  }
}
