import { type Opinion, problem } from './examination.ts';
import { versionIn } from './surroundings.ts';

/** The oldest Kubernetes whose API has what an agent asks for. */
const oldest = [1, 25] as const;

/** Whether the API server is new enough. */
export function serverVersion(version: string): Opinion {
  const [major, minor] = versionIn(version) ?? [0, 0];
  const isOld = major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
  const remedy = `upgrade the control plane to ${oldest.join('.')} or newer`;
  return {
    summary: `Kubernetes ${version}`,
    hindrances: isOld
      ? [problem(`the API server (${version}) is older than ${oldest.join('.')}, with which nothing has been tried`, remedy)]
      : [],
  };
}
