import { type ChoiceName, choices as everyChoice } from '#core/api/choices.ts';
import { profiles as everyProfile, type Profile, type ProfileName } from '#core/api/profiles.ts';

/** What Kubernetes leaves open, or what is known to be done otherwise: the values of each choice, the first of them the default. */
export const choices: Readonly<Record<ChoiceName, readonly string[]>> = everyChoice;

/** The network plugins of which it is known what they do, by the names that the option `profile` takes. `spec` is Kubernetes as specified. */
export const profiles: Readonly<Record<ProfileName, Profile>> = everyProfile;
