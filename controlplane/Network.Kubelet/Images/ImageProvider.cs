using k8s.Models;

namespace Network.Kubelet.Images;

/// <summary>Why a container has no image yet: the waiting reason and message of its status.</summary>
internal sealed class ImagePullException(string reason, string message) : Exception(message)
{
    internal string Reason { get; } = reason;
}

/// <summary>Where images come from when the store lacks them.</summary>
internal interface IImageSource
{
    Task PullAsync(ImageReference reference, CancellationToken cancel);
}

/// <summary>Applies imagePullPolicy.</summary>
internal sealed class ImageProvider(ImageStore store, IImageSource? source, TimeProvider time)
{
    /// <summary>Without any registry only the store can change, and looking there again costs nothing.</summary>
    internal bool HasSource => source is not null;

    internal IReadOnlyList<string> LayersOf(Image image) => store.LayersOf(image);

    /// <param name="tell">Receives event type, reason and message.</param>
    internal async Task<Image> EnsureAsync(V1Container container, Action<string, string, string> tell, CancellationToken cancel)
    {
        if (!ImageReference.TryParse(container.Image ?? "", out var reference))
        {
            var problem = $"Failed to apply default image tag \"{container.Image}\": couldn't parse image name \"{container.Image}\": invalid reference format";
            tell("Warning", "InspectFailed", problem);
            throw new ImagePullException("InvalidImageName", problem);
        }

        var present = store.Find(container.Image!);
        var policy = container.ImagePullPolicy ?? (reference.Tag == "latest" && reference.Digest is null ? "Always" : "IfNotPresent");
        if (present is not null && (policy != "Always" || source is null))
        {
            tell("Normal", "Pulled", $"Container image \"{container.Image}\" already present on machine");
            return present;
        }

        if (policy == "Never")
        {
            var problem = $"Container image \"{container.Image}\" is not present with pull policy of Never";
            tell("Warning", "ErrImageNeverPull", problem);
            throw new ImagePullException("ErrImageNeverPull", problem);
        }

        return await PullAsync(container.Image!, reference, present, tell, cancel).ConfigureAwait(false);
    }

    private async Task<Image> PullAsync(string name, ImageReference reference, Image? present, Action<string, string, string> tell, CancellationToken cancel)
    {
        tell("Normal", "Pulling", $"Pulling image \"{name}\"");
        var clock = time.GetTimestamp();
        try
        {
            if (source is null)
                throw new ImageException("it is not in the image store and no registry is configured; import it with \"podnet images import\"");
            await source.PullAsync(reference, cancel).ConfigureAwait(false);
            var image = store.Find(name) ?? throw new ImageException("the registry answered without the image");
            var took = $"{time.GetElapsedTime(clock).TotalSeconds:0.###}s";
            tell("Normal", "Pulled", $"Successfully pulled image \"{name}\" in {took} ({took} including waiting). Image size: {store.SizeOf(image)} bytes.");
            return image;
        }
        catch (Exception e) when (e is ImageException or HttpRequestException or IOException)
        {
            if (present is not null)
                return present;
            var problem = $"failed to pull and unpack image \"{reference.Name}\": {e.Message}";
            tell("Warning", "Failed", $"Failed to pull image \"{name}\": {problem}");
            tell("Warning", "Failed", "Error: ErrImagePull");
            throw new ImagePullException("ErrImagePull", problem);
        }
    }
}
