namespace Network.Labs.Cluster;

/// <summary>A cluster could not be built or found: what, why, and what to do about it.</summary>
public sealed class ClusterException(string message) : Exception(message);
