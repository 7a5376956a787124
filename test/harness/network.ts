// Pods as network namespaces on one switch, with the nftables redirection that a sidecar's init container makes.
import { spawnSync } from 'node:child_process';

/** The first three numbers of all addresses: a range that is set aside for measuring networks. */
const subnet = '198.19.77';
/** The address at which this process is reached from the pods. */
export const hostAddress = `${subnet}.1`;
/** The user that Envoy runs as; its own connections are not captured. */
export const proxyUser = 1337;
/** The port of Envoy's admin pages, which stays reachable. */
export const adminPort = 15000;

export interface Pod {
  readonly name: string;
  readonly address: string;
  /** Words before a command that put it into the pod. */
  readonly enter: readonly string[];
}

/** Why namespaces cannot be used here; null where they can. */
export function whyNoNamespaces(): string | null {
  if (process.getuid?.() !== 0) return 'the user is not root';
  for (const command of ['ip -V', 'nft -v', 'setpriv -V']) {
    if (attempt(command).status !== 0) return `'${command}' fails`;
  }
  const probe = `sluice-probe-${process.pid}`;
  const made = attempt(`ip netns add ${probe}`);
  if (made.status !== 0) return made.stderr.trim();
  const inside = `ip netns exec ${probe}`;
  const tries = [
    attempt(`${inside} nft -f -`, capture),
    attempt(`${inside} ip link add br0 type bridge`),
    attempt(`${inside} ip link add one type veth peer name other`),
  ];
  attempt(`ip netns del ${probe}`);
  return tries.find(({ status }) => status !== 0)?.stderr.trim() ?? null;
}

const capture = `
table ip sidecar {
  chain output {
    type nat hook output priority -100;
    meta skuid ${proxyUser} accept
    ip daddr 127.0.0.0/8 accept
    meta l4proto tcp redirect to :15001
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    tcp dport ${adminPort} accept
    meta l4proto tcp redirect to :15006
  }
}
`;

/** A switch with pods on it and a port for this process. */
export class PodNetwork {
  readonly #prefix = `sluice-${process.pid}`;
  readonly #namespaces: string[] = [];
  readonly #uplink = `slu${process.pid}`;
  readonly #switch = this.#namespace('switch');

  constructor() {
    this.#in(this.#switch, 'ip link add br0 type bridge');
    this.#in(this.#switch, 'ip link set br0 up');
    run(`ip link add ${this.#uplink} type veth peer name host netns ${this.#switch}`);
    this.#in(this.#switch, 'ip link set host master br0 up');
    run(`ip address add ${hostAddress}/24 dev ${this.#uplink}`);
    run(`ip link set ${this.#uplink} up`);
  }

  /** A pod with a captured sidecar's redirection. `last` is the last number of its address. */
  pod(name: string, last: number): Pod {
    const pod = this.plainPod(name, last);
    run([...pod.enter, 'nft -f -'].join(' '), capture);
    return pod;
  }

  /** A pod whose connections go where they are meant to go. */
  plainPod(name: string, last: number): Pod {
    const namespace = this.#namespace(name);
    const address = `${subnet}.${last}`;
    this.#in(namespace, `ip link add eth0 type veth peer name p${last} netns ${this.#switch}`);
    this.#in(this.#switch, `ip link set p${last} master br0 up`);
    this.#in(namespace, 'ip link set lo up');
    this.#in(namespace, `ip address add ${address}/24 dev eth0`);
    this.#in(namespace, 'ip link set eth0 up');
    this.#in(namespace, `ip route add default via ${hostAddress}`);
    const enter = ['ip', 'netns', 'exec', namespace];
    return { name, address, enter };
  }

  /** Takes everything away again; what runs in the pods must have ended. */
  close(): void {
    attempt(`ip link del ${this.#uplink}`);
    for (const namespace of this.#namespaces) attempt(`ip netns del ${namespace}`);
  }

  #namespace(name: string): string {
    const full = `${this.#prefix}-${name}`;
    run(`ip netns add ${full}`);
    this.#namespaces.push(full);
    return full;
  }

  #in(namespace: string, command: string, input = ''): void {
    run(`ip netns exec ${namespace} ${command}`, input);
  }
}

/** Runs a command whose words hold no spaces. */
function attempt(command: string, input = ''): { readonly status: number | null; readonly stderr: string } {
  const [program = '', ...args] = command.split(' ');
  return spawnSync(program, args, { input, encoding: 'utf8' });
}

function run(command: string, input = ''): void {
  const { status, stderr } = attempt(command, input);
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}
