"""What an optimizer does to one parameter, written out. Training itself uses torch.optim."""


def sgd_step(weight, slope, velocity, lr, momentum=0.0, weight_decay=0.0):
    """One step of gradient descent with momentum and weight decay.

    weight         any shape
    slope          like weight: the slope of the loss in each weight
    velocity       like weight: what the step before returned; zeros before the first
    lr             learning rate
    momentum       0..1, the share of the old velocity that stays
    weight_decay   this share of each weight is added to its slope, which pulls it towards 0
    returns        the new weight and the new velocity, both like weight

    Same numbers as torch.optim.SGD, which multiplies by the learning rate last and adds the whole slope. Sutskever et
    al. 2013, "On the importance of initialization and momentum in deep learning", keep the rate in the velocity.
    """
    velocity = momentum * velocity + slope + weight_decay * weight
    return weight - lr * velocity, velocity
