/** The other end of a request's socket. `app.fetch` takes it as its second argument, because a `Request` has no place for it. */
export interface Peer {
  /** Its IP address as Node writes it, IPv4 also as `::ffff:192.0.2.1`; undefined once it is gone. Behind a proxy: that of the proxy. */
  address: string | undefined;
}
