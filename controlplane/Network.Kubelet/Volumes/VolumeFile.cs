namespace Network.Kubelet.Volumes;

/// <summary>One file of a configMap, secret, projected or downwardAPI volume.</summary>
internal sealed record VolumeFile(string Path, byte[] Content, int Mode);

/// <summary>A volume that cannot be set up yet or at all; the pod waits and tries again.</summary>
internal sealed class VolumeException(string volume, string problem) : Exception($"MountVolume.SetUp failed for volume \"{volume}\" : {problem}");
