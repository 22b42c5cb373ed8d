using k8s.Models;
using Network.Kubelet.Images;
using Network.Kubelet.Runtime;
using Network.Kubelet.Variables;

namespace Network.Kubelet.Pods;

/// <summary>Decides which user a container runs as: the security contexts, then the image's USER looked up in its own passwd file.</summary>
internal static class ImageUser
{
    internal static ProcessUser Resolve(V1Pod pod, V1Container container, Image image, IReadOnlyList<string> layers)
    {
        var podSecurity = pod.Spec.SecurityContext;
        var security = container.SecurityContext;
        var (uid, gid) = FromImage(image.User, layers);
        if ((security?.RunAsUser ?? podSecurity?.RunAsUser) is { } user)
            uid = (int)user;
        if ((security?.RunAsGroup ?? podSecurity?.RunAsGroup) is { } group)
            gid = (int)group;
        if ((security?.RunAsNonRoot ?? podSecurity?.RunAsNonRoot) == true && uid == 0)
            throw new PodConfigException($"container has runAsNonRoot and image will run as root (pod: \"{pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({pod.Metadata.Uid})\", container: {container.Name})");
        var additional = (podSecurity?.SupplementalGroups ?? []).Where(id => id is not null).Select(id => (int)id!).ToList();
        if (podSecurity?.FsGroup is { } fsGroup)
            additional.Add((int)fsGroup);
        return new ProcessUser(uid, gid, additional);
    }

    private static (int Uid, int Gid) FromImage(string text, IReadOnlyList<string> layers)
    {
        if (text.Length == 0)
            return (0, 0);
        var parts = text.Split(':', 2);
        string[]? entry = null;
        if (!int.TryParse(parts[0], out var uid))
        {
            entry = Entry(layers, "etc/passwd", fields => fields[0] == parts[0])
                ?? throw new PodConfigException($"image user \"{parts[0]}\" is not in its /etc/passwd");
            uid = int.Parse(entry[2]);
        }

        entry ??= Entry(layers, "etc/passwd", fields => fields[2] == parts[0]);
        var gid = entry is null ? 0 : int.Parse(entry[3]);
        if (parts.Length > 1 && !int.TryParse(parts[1], out gid))
            gid = int.Parse((Entry(layers, "etc/group", fields => fields[0] == parts[1])
                ?? throw new PodConfigException($"image group \"{parts[1]}\" is not in its /etc/group"))[2]);
        return (uid, gid);
    }

    private static string[]? Entry(IReadOnlyList<string> layers, string file, Func<string[], bool> matches)
    {
        var path = layers.Select(layer => Path.Combine(layer, file)).FirstOrDefault(File.Exists);
        return path is null ? null : File.ReadLines(path).Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 3 && matches(fields));
    }
}
